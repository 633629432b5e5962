# Roofline of one machine, with the operators of up to four steps. `gable roofline` writes in front of this file the
# terminal, the variables (n_steps, step_title[], step_name[], step_style[], title_text, left … top, x_min … y_max,
# main_ridge, has_network, link_x_min, link_x_max), the datablocks ($spec $expected $cache $ridges $levels $level_ways $points
# $link $link_flats $link_points $bars) and the labels of the main panel. Sizes are those of a 1000 x 640 canvas.

ink = '#222222'
array step_color[4] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7'] # Okabe and Ito: told apart by everyone
array step_point[4] = [7, 5, 9, 13]                                # and by shape, in print
array bound_color[4] = ['#E69F00', '#56B4E9', '#009E73', '#BBBBBB']

set multiplot
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
set style fill solid 1.0 noborder

# ---- main panel ----
set lmargin at screen left
set rmargin at screen right
set bmargin at screen bottom
set tmargin at screen top
set logscale xy 10
set xrange [x_min:x_max]
set yrange [y_min:y_max]
eval decades('x', x_min, x_max)
eval decades('y', y_min, y_max)
set format x (x_max >= 1e6 ? '%.0s %c' : '%g')
set format y '%.0s %c'
set xlabel 'FLOP per byte of device memory' offset 0,0.3 textcolor rgb ink
set ylabel 'FLOP/s reached on one device' offset 0.5,0 textcolor rgb ink
set object 1 rectangle from x_min,y_min to main_ridge,y_max behind fc rgb '#eef5fa' fs solid noborder
set object 2 rectangle from main_ridge,y_min to x_max,y_max behind fc rgb '#fdf4e7' fs solid noborder
set label 9001 title_text at screen left,0.965 left noenhanced font (strlen(title_text) <= 90 ? ',15' : strlen(title_text) <= 110 ? ',11' : ',8') textcolor rgb ink
set key at screen left - 0.012,0.945 left top Left reverse vertical maxrows 4 samplen 1.2 spacing 1.25 textcolor rgb ink
plot $ridges using 1:2 with lines lc rgb '#bbbbbb' lw 0.8 dt (3,4) notitle, \
     $cache using 1:2 with lines lc rgb '#999999' lw 1.2 dt (2,3) notitle, \
     $spec using 1:2 with lines lc rgb '#555555' lw 1.2 dt (7,4) notitle, \
     $expected using 1:2 with lines lc rgb ink lw 2.2 notitle, \
     $level_ways using 1:2 with lines lc rgb '#bbbbbb' lw 0.8 notitle, \
     $levels using 1:2 with points pt 6 ps 0.7 lc rgb '#777777' notitle, \
     for [i=1:n_steps] $points index (i-1) using 1:2:3 with points pt step_point[step_style[i]] ps variable lc rgb step_color[step_style[i]] notitle, \
     for [i=1:n_steps] keyentry with points pt step_point[step_style[i]] ps 1.3 lc rgb step_color[step_style[i]] title step_title[i] noenhanced
unset object
unset label
unset arrow
unset key

# ---- network ----
set lmargin at screen 0.800
set rmargin at screen 0.975
if (has_network) {
    set bmargin at screen 0.50
    set tmargin at screen top
    set xrange [link_x_min:link_x_max]
    set xtics autofreq
    eval decades('x', link_x_min, link_x_max)
    set xlabel 'FLOP per byte on the wire' textcolor rgb ink
    unset ylabel
    set label 1 'Network: whole steps' at graph 0,1.06 left textcolor rgb ink
    set label 2 link_text at graph 0.97,0.07 right noenhanced font ',10' textcolor rgb '#555555'
    set format x '%.0s%c'
    plot $link using 1:2 with lines lc rgb '#555555' lw 1.2 dt (7,4) notitle, \
         $link_flats using 1:2 with lines lc rgb '#555555' lw 1.2 dt (7,4) notitle, \
         for [i=1:n_steps] $link_points index (i-1) using 1:2 with points pt step_point[step_style[i]] ps 2 lc rgb step_color[step_style[i]] notitle
    unset label
}

# ---- where the time goes ----
set bmargin at screen (has_network ? 0.175 : 0.52)
set tmargin at screen (has_network ? 0.345 : top - 0.05)
unset logscale
unset grid
unset ylabel
set border 0
set xrange [0:1]
set yrange [n_steps + 0.5:0.5]
unset xlabel
unset xtics
unset ytics
set label 1 'Where the time goes' at graph 0,1.14 left textcolor rgb ink
do for [i=1:n_steps] { set label i+1 step_name[i] at graph -0.03,first i right noenhanced textcolor rgb ink }
set key at graph -0.2,-0.04 left top Left reverse vertical maxrows 2 samplen 0.8 width 1 textcolor rgb ink
plot $bars using (($1+$2)/2):3:1:2:($3-0.3):($3+0.3):(int($4)) with boxxyerror lc rgb variable notitle, \
     $bars using (($1+$2)/2):($2-$1 >= 0.18 ? $3 : NaN):(sprintf('%.0f %%', 100*($2-$1))) with labels font ',11' textcolor rgb ink notitle, \
     keyentry with boxes lc rgb bound_color[1] title 'compute', \
     keyentry with boxes lc rgb bound_color[2] title 'memory', \
     keyentry with boxes lc rgb bound_color[3] title 'network', \
     keyentry with boxes lc rgb bound_color[4] title 'overhead'
unset multiplot
