# What a user gets against what a device gives. `gable plan -o FILE` writes in front of this file the terminal, the
# variables (title_text, n_groups, group_title[]) and the datablock $front (tokens/s of a user, of a device, 1 where the
# objective chose; one index a system) and $line (all of them in order: between two points of one system may stand another's).

ink = '#222222'
array group_color[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#8c564b', '#444444']
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
set logscale xy 10
set format xy '%g'
set xlabel 'output tokens/s of a user (1 / TPOT)' textcolor rgb ink
set ylabel 'output tokens/s of a device' textcolor rgb ink
set title title_text.': nothing is better in both' noenhanced textcolor rgb ink
set key top right samplen 1.5 noenhanced textcolor rgb ink
plot $line using 1:2 with lines lw 1.5 lc rgb (n_groups == 1 ? group_color[1] : '#aaaaaa') notitle, \
     for [i=1:n_groups] $front index (i-1) using 1:2 with points pt 7 ps 0.8 lc rgb group_color[1 + (i - 1) % 8] title group_title[i], \
     $front using 1:($3 > 0 ? $2 : NaN) with points pt 6 ps 2 lw 2 lc rgb ink title 'chosen'
