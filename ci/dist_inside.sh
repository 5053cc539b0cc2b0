#!/bin/sh
# dist_inside.sh FOLDER - builds and runs the C example against an unpacked archive in FOLDER: shared, from a copy that
# pkg-config finds, and static. ci/dist.sh runs it in a minimal Debian.
set -eu
from=$1
example=$from/examples/c/digits.c
strict="-std=c11 -O2 -Wall -Wextra -Werror"
mkdir -m 700 /tmp/host
cd /tmp/host

# shellcheck disable=SC2086 # flags, one word each, here and below
gcc $strict "$example" -I"$from/include" -L"$from/lib" -lncsn -lm -Wl,-rpath,"$from/lib" -o shared
./shared "$from/models/digits.onnx" shared.pgm 4 7

# The program finds the library by its own place.
cp -R "$from" copy
flags=$(PKG_CONFIG_PATH=/tmp/host/copy/lib/pkgconfig pkg-config --cflags --libs ncsn)
gcc $strict "$example" $flags -lm -Wl,-rpath,'$ORIGIN/copy/lib' -o copied
./copied copy/models/digits.onnx copied.pgm 4 7

# What older linkers than glibc 2.34's must be told is in Libs.private. ONNX Runtime goes beside the program.
private=$(PKG_CONFIG_PATH=copy/lib/pkgconfig pkg-config --static --libs-only-l ncsn)
gcc $strict "$example" -I"$from/include" "$from/lib/libncsn.a" ${private#-lncsn} -o static
cp "$from"/lib/libonnxruntime.so.* .
./static "$from/models/digits.onnx" static.pgm 4 7

cmp shared.pgm copied.pgm
cmp shared.pgm static.pgm
