# What a little more of each field of the hardware is worth. `gable sensitivity -o` writes in front of this file the
# terminal, the variables (title_text, sum_text, n_bars, bar_name[], x_min, x_max) and the datablock $bars (place from
# above, elasticity of the expected time, of the ceiling, percent that a tenth more buys).

ink = '#222222'
set border 1 lc rgb '#888888' lw 0.8
set xtics nomirror out scale 0.6 textcolor rgb ink
set grid xtics lc rgb '#e6e6e6' lw 0.5 lt 1
set style fill solid 1.0 noborder
set lmargin at screen 0.33
set rmargin at screen 0.96
set bmargin at screen 0.13
set tmargin at screen 0.83
set xrange [x_min:x_max]
set yrange [n_bars + 0.7:0.3]
unset ytics
set xlabel 'd ln(time) / d ln(field): left of 0, more of it saves time' textcolor rgb ink
set label 9001 'Which field is worth what' at screen 0.05,0.965 left font ',15' textcolor rgb ink
set label 9002 title_text at screen 0.05,0.922 left noenhanced textcolor rgb '#555555'
set label 9003 sum_text at screen 0.96,0.965 right noenhanced textcolor rgb '#555555'
do for [i=1:n_bars] { set label i bar_name[i] at screen 0.32,first i right noenhanced textcolor rgb ink }
set arrow 1 from 0,0.3 to 0,n_bars+0.7 nohead lc rgb '#888888' lw 0.8
set key at screen 0.05,0.895 left top Left reverse horizontal maxcols 2 samplen 0.8 width 1 textcolor rgb ink
plot $bars using ($2/2):1:($2 < 0 ? $2 : 0):($2 < 0 ? 0 : $2):($1-0.36):($1+0.10) with boxxyerror lc rgb '#0072B2' notitle, \
     $bars using ($3/2):1:($3 < 0 ? $3 : 0):($3 < 0 ? 0 : $3):($1+0.12):($1+0.34) with boxxyerror lc rgb '#BBBBBB' notitle, \
     $bars using ($2 < 0 ? $2 : 1/0):($1-0.13):(sprintf('+10 %% saves %.1f %%  ', $4)) with labels right font ',10' textcolor rgb ink notitle, \
     $bars using ($2 < 0 ? 1/0 : $2):($1-0.13):(sprintf('  +10 %% costs %.1f %%', -$4)) with labels left font ',10' textcolor rgb ink notitle, \
     keyentry with boxes lc rgb '#0072B2' title 'expected', \
     keyentry with boxes lc rgb '#BBBBBB' title 'speed of light'
