# The same roofline in characters: lines and letters; `gable roofline --terminal` prints the names below. Variables and
# datablocks as in roofline.gp; $letters has x, y, letter.
set logscale xy 10
set xrange [x_min:x_max]
set yrange [y_min:y_max/2.5] # no words above the roof here
set format x '%g'
set format y '%.0s %cFLOP/s'
set xlabel 'FLOP per byte of device memory'
set tics nomirror scale 0.5
set border 3
unset key
unset grid
plot $spec using 1:2 with lines lc 8 notitle, \
     $expected using 1:2 with lines lc 7 notitle, \
     $levels using 1:2 with points pt 'o' notitle, \
     for [i=1:n_steps] $letters index (i-1) using 1:2:3 with labels textcolor lt i notitle
