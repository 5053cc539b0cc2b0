using System;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>Reads the library's structs where they lie.</summary>
    internal static class Layout
    {
        internal static uint Size<T>() where T : struct
        {
            return (uint)Marshal.SizeOf(typeof(T));
        }

        internal static T Read<T>(IntPtr from) where T : struct
        {
            return (T)Marshal.PtrToStructure(from, typeof(T));
        }

        internal static T[] ReadArray<T>(IntPtr from, UIntPtr count) where T : struct
        {
            T[] all = new T[checked((int)count)];
            int size = Marshal.SizeOf(typeof(T));
            for (int k = 0; k < all.Length; k++)
                all[k] = Read<T>(IntPtr.Add(from, k * size));
            return all;
        }
    }
}
