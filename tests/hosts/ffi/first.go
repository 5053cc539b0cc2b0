// Go with cgo: four samples by one call, and again by a run in the background that is polled.
package main

/*
#cgo LDFLAGS: -lncsn
#include <stdlib.h>
#include "ncsn.h"
*/
import "C"

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"time"
	"unsafe"
)

// The text of an error is the thread's own: callers lock the goroutine to its thread.
func ok(status C.ncsn_status) C.ncsn_status {
	if status < 0 {
		var text [1024]C.char
		C.ncsn_last_error(&text[0], C.size_t(len(text)))
		fmt.Fprintln(os.Stderr, C.GoString(&text[0]))
		os.Exit(1)
	}
	return status
}

func main() {
	runtime.LockOSThread()
	path := C.CString(os.Args[1])
	defer C.free(unsafe.Pointer(path))
	var model *C.ncsn_model
	ok(C.ncsn_create(path, nil, &model))
	defer C.ncsn_destroy(model)
	var params C.ncsn_sample_params
	ok(C.ncsn_sample_params_init(model, &params, C.uint32_t(unsafe.Sizeof(params))))
	params.sample_count = 4
	params.seed = 7
	var samples, again [8]float32
	ok(C.ncsn_sample(model, &params, unsafe.Pointer(&samples), C.size_t(unsafe.Sizeof(samples))))

	var run *C.ncsn_run
	ok(C.ncsn_run_begin(model, &params, &run))
	defer C.ncsn_run_free(run)
	ok(C.ncsn_run_start(run))
	now := C.ncsn_progress{struct_size: C.uint32_t(unsafe.Sizeof(C.ncsn_progress{}))}
	for ok(C.ncsn_run_poll(run, &now)) == C.NCSN_PENDING {
		time.Sleep(time.Millisecond)
	}
	ok(C.ncsn_run_read(run, C.NCSN_READ_SAMPLE, unsafe.Pointer(&again), C.size_t(unsafe.Sizeof(again))))
	if samples != again {
		panic("other samples")
	}
	fmt.Println(math.Float32bits(samples[0]))
}
