using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>Arrays and texts that stay where they are while native code reads them. Dispose lets them go.</summary>
    internal sealed class Pins : IDisposable
    {
        private readonly List<GCHandle> pinned = new List<GCHandle>();

        /// <summary>Null for a null array; an empty array is not null, so that the library can refuse it.</summary>
        internal IntPtr Array(Array array)
        {
            if (array == null)
                return IntPtr.Zero;
            GCHandle pin = GCHandle.Alloc(array, GCHandleType.Pinned);
            pinned.Add(pin);
            return pin.AddrOfPinnedObject();
        }

        internal IntPtr Text(string text, string name)
        {
            return text == null ? IntPtr.Zero : Array(Ncsn.Text.ToUtf8(text, name));
        }

        internal static UIntPtr Length(Array array)
        {
            return array == null ? UIntPtr.Zero : (UIntPtr)array.Length;
        }

        public void Dispose()
        {
            foreach (GCHandle pin in pinned)
                pin.Free();
            pinned.Clear();
        }
    }
}
