using System;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>The library's log: what was chosen and what is probably not as you want it. Silent until set.</summary>
    public static class Log
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void LogFn(IntPtr user, int level, IntPtr message);

        private static readonly LogFn Entry = OnMessage;
        private static readonly IntPtr Pointer = Marshal.GetFunctionPointerForDelegate(Entry);
        private static readonly object Gate = new object();
        private static volatile Action<LogLevel, string> receiver;
        private static bool leaving;

        /// <summary>
        /// Sends messages of at most this level to the receiver, for the whole process; null silences. It may be called
        /// on any thread, ONNX Runtime's too. What it throws is dropped: errors are told by exceptions of their own.
        /// </summary>
        public static void Set(LogLevel most, Action<LogLevel, string> receiver)
        {
            Library.EnsureCompatible();
            lock (Gate)
            {
                if (!leaving)
                {
                    // A domain that is unloaded takes the entry with it; the library must not call it afterwards.
                    AppDomain.CurrentDomain.DomainUnload += (sender, unload) => Native.ncsn_set_log(IntPtr.Zero, IntPtr.Zero, 0);
                    AppDomain.CurrentDomain.ProcessExit += (sender, exit) => Native.ncsn_set_log(IntPtr.Zero, IntPtr.Zero, 0);
                    leaving = true;
                }
            }
            if (receiver == null)
                Guard.Call(Native.ncsn_set_log(IntPtr.Zero, IntPtr.Zero, 0));
            Log.receiver = receiver;
            if (receiver != null)
                Guard.Call(Native.ncsn_set_log(Pointer, IntPtr.Zero, (int)most));
        }

        [MonoPInvokeCallback(typeof(LogFn))]
        private static void OnMessage(IntPtr user, int level, IntPtr message)
        {
            try
            {
                receiver?.Invoke((LogLevel)level, Text.FromUtf8(message));
            }
            catch (Exception)
            {
                // Must not unwind through C, and there is no call to tell it to.
            }
        }
    }
}
