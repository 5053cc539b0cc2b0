// Handles that the runtime closes exactly once, in whatever order it finalises, and not while a call is inside.
using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Ncsn
{
    internal abstract class Handle : SafeHandle
    {
        protected Handle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;
    }

    internal sealed class ModelHandle : Handle
    {
        internal Lease Source;

        protected override bool ReleaseHandle()
        {
            Native.ncsn_destroy(handle);
            Source?.Release();
            return true;
        }
    }

    internal sealed class RunHandle : Handle
    {
        internal Lease Hooks;
        internal Lease Source;

        protected override bool ReleaseHandle()
        {
            if (Shutdown.Exiting)
                return true;
            // Waits for the evaluation in flight of a background run: afterwards no hook is called.
            Native.ncsn_run_free(handle);
            Hooks?.Release();
            Source?.Release();
            return true;
        }
    }

    internal sealed class ValidationHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.ncsn_validation_free(handle);
            return true;
        }
    }

    internal sealed class TuningHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            Native.ncsn_tuning_free(handle);
            return true;
        }
    }

    /// <summary>
    /// Keeps an object alive and findable for native code, until the last holder lets go: a score network is held by
    /// its model and by every run on it, because native runs outlive their model's handle.
    /// </summary>
    internal sealed class Lease
    {
        private GCHandle target;
        private int holders = 1;

        internal Lease(object target)
        {
            this.target = GCHandle.Alloc(target);
        }

        internal IntPtr Pointer => GCHandle.ToIntPtr(target);

        internal object Target => target.Target;

        internal Lease Share()
        {
            Interlocked.Increment(ref holders);
            return this;
        }

        internal void Release()
        {
            if (Interlocked.Decrement(ref holders) == 0)
                target.Free();
        }
    }
}
