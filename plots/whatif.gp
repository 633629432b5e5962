# Both roofs of a machine and of what it might be, and how the operators of a step move between them. `gable whatif -o`
# writes in front of this file the terminal, the variables (title_text, subtitle_text, n_roofs, roof_title[], roof_kind[], move_name[], n_moves,
# x_min … y_max, before_text, after_text, end_before, end_after, bar_max) and the datablocks $roofs (an index each: before, after, flash, units in
# the memory), $moves (x and y before, x and y after, size, y of the name) and $bars (from, to, side, bound).

ink = '#222222'
array roof_color[4] = ['#999999', '#222222', '#009E73', '#CC79A7']
array roof_width[4] = [1.6, 2.2, 1.6, 1.6]
array roof_dash[4] = [4, 1, 2, 2]
array bound_color[4] = [0xE69F00, 0x56B4E9, 0x009E73, 0xBBBBBB]
set multiplot
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
set style fill solid 1.0 noborder

# ---- roofs ----
set lmargin at screen 0.082
set rmargin at screen 0.975
set bmargin at screen 0.330
set tmargin at screen 0.815
set logscale xy 10
set xrange [x_min:x_max]
set yrange [y_min:y_max]
eval decades('x', x_min, x_max)
eval decades('y', y_min, y_max)
set format x '%g'
set format y '%.0s %c'
set xlabel 'FLOP per byte of memory' offset 0,0.3 textcolor rgb ink
set ylabel 'FLOP/s reached on one device' offset 0.5,0 textcolor rgb ink
set label 9001 title_text at screen 0.082,0.970 left noenhanced font (strlen(title_text) <= 90 ? ',15' : strlen(title_text) <= 110 ? ',11' : ',8') textcolor rgb ink
set label 9002 subtitle_text at screen 0.082,0.930 left noenhanced font (strlen(subtitle_text) <= 130 ? '' : ',8') textcolor rgb '#555555'
set key at screen 0.07,0.915 left top Left reverse vertical maxrows 2 samplen 2 spacing 1.25 noenhanced textcolor rgb ink
plot for [i=1:n_roofs] $roofs index (i-1) using 1:2 with lines lc rgb roof_color[roof_kind[i]] lw roof_width[roof_kind[i]] dt roof_dash[roof_kind[i]] notitle, \
     $moves using 1:2:($3-$1):($4-$2) with vectors head filled size screen 0.008,18 lc rgb '#888888' lw 1.2 notitle, \
     $moves using 1:2:5 with points pt 6 ps variable lc rgb '#777777' notitle, \
     $moves using 3:4:5 with points pt 7 ps variable lc rgb '#0072B2' notitle, \
     $moves using 3:6:(move_name[int($0) + 1]) with labels left offset 2.1,0.1 noenhanced font ',10' textcolor rgb ink notitle, \
     for [i=1:n_roofs] keyentry with lines lc rgb roof_color[roof_kind[i]] lw roof_width[roof_kind[i]] dt roof_dash[roof_kind[i]] title roof_title[i]
unset label
unset key

# ---- where the time goes ----
set bmargin at screen 0.090
set tmargin at screen 0.205
unset logscale
unset grid
unset ylabel
unset xlabel
unset xtics
unset ytics
set border 0
set xrange [0:bar_max * 1.25]
set yrange [2.5:0.5]
set label 1 'before' at graph -0.01,first 1 right textcolor rgb ink
set label 2 'after' at graph -0.01,first 2 right textcolor rgb ink
set label 3 before_text at first end_before + 0.01 * bar_max,first 1 left textcolor rgb ink
set label 4 after_text at first end_after + 0.01 * bar_max,first 2 left textcolor rgb ink
set key at screen 0.082,0.065 left top Left reverse horizontal maxcols 4 samplen 0.8 width 1 textcolor rgb ink
plot $bars using (($1+$2)/2):3:1:2:($3-0.32):($3+0.32):(bound_color[int($4)]) with boxxyerror lc rgb variable notitle, \
     keyentry with boxes lc rgb bound_color[1] title 'compute', \
     keyentry with boxes lc rgb bound_color[2] title 'memory', \
     keyentry with boxes lc rgb bound_color[3] title 'network', \
     keyentry with boxes lc rgb bound_color[4] title 'overhead'
unset multiplot
