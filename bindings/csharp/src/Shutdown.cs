using System;
using System.Collections.Generic;

namespace Ncsn
{
    /// <summary>
    /// What becomes of background runs when their process or their domain ends under them. Hooks cannot be called any
    /// more once that has begun, so a finaliser that waited for a run whose thread is in a hook would wait for ever.
    /// </summary>
    internal static class Shutdown
    {
        private static readonly List<WeakReference> Started = new List<WeakReference>();
        private static bool watching;

        /// <summary>The process ends: it takes all memory and threads along, and nothing is waited for.</summary>
        internal static volatile bool Exiting;

        /// <summary>Remembers a run that goes on in the background, as long as it is in use.</summary>
        internal static void Watch(RunHandle run)
        {
            lock (Started)
            {
                if (!watching)
                {
                    AppDomain.CurrentDomain.ProcessExit += (sender, exit) =>
                    {
                        Exiting = true;
                        Each(one => Native.ncsn_run_cancel(one));
                    };
                    // Unity unloads its domain at each change of a script, while hooks can still be called.
                    AppDomain.CurrentDomain.DomainUnload += (sender, unload) => Each(one => one.Dispose());
                    watching = true;
                }
                Started.RemoveAll(one => !one.IsAlive || ((RunHandle)one.Target)?.IsClosed != false);
                Started.Add(new WeakReference(run));
            }
        }

        private static void Each(Action<RunHandle> act)
        {
            List<WeakReference> runs;
            lock (Started)
                runs = new List<WeakReference>(Started);
            foreach (WeakReference one in runs)
            {
                try
                {
                    RunHandle run = (RunHandle)one.Target;
                    if (run != null)
                        act(run);
                }
                catch (ObjectDisposedException)
                {
                    // Somebody else was quicker.
                }
            }
        }
    }
}
