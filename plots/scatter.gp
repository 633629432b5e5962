# Predicted against measured time. `gable validate -o FILE` writes in front of this file the terminal, the variables
# (title_text, n_groups, group_title[], low, high, both in microseconds) and the datablock $points (one index a group).

ink = '#222222'
array group_color[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#8c564b', '#444444']
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
set logscale xy 10
set xrange [low:high]
set yrange [low:high]
eval decades('x', low, high)
eval decades('y', low, high)
set size square
set format xy '%.0s %c'
set xlabel 'measured, us' textcolor rgb ink
set ylabel 'predicted, us' textcolor rgb ink
set title title_text noenhanced textcolor rgb ink
set key outside right top Left reverse samplen 1 noenhanced textcolor rgb ink
set samples 2
plot x * 1.25 with lines lc rgb '#bbbbbb' lw 1 dt (6,4) title '25 % off', \
     x / 1.25 with lines lc rgb '#bbbbbb' lw 1 dt (6,4) notitle, \
     x * 1.10 with lines lc rgb '#888888' lw 1 dt (2,3) title '10 % off', \
     x / 1.10 with lines lc rgb '#888888' lw 1 dt (2,3) notitle, \
     x with lines lc rgb ink lw 1.2 notitle, \
     for [i=1:n_groups] $points index (i-1) using 1:2 with points pt 7 ps 0.25 lc rgb group_color[1 + (i - 1) % 8] notitle, \
     for [i=1:n_groups] keyentry with points pt 7 ps 1 lc rgb group_color[1 + (i - 1) % 8] title group_title[i] noenhanced
