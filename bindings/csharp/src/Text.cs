// UTF-8 by hand: Marshal.PtrToStringUTF8 is missing in the profiles of older Unity and of Mono.
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Ncsn
{
    internal static class Text
    {
        // A lone surrogate is an error of the caller's, not a question mark in a path.
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        /// <summary>NUL-terminated UTF-8.</summary>
        internal static byte[] ToUtf8(string text, string argument)
        {
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("contains a NUL character, at which C would cut it", argument);
            try
            {
                byte[] bytes = new byte[Strict.GetByteCount(text) + 1];
                Strict.GetBytes(text, 0, text.Length, bytes, 0);
                return bytes;
            }
            catch (EncoderFallbackException broken)
            {
                throw new ArgumentException("is not valid Unicode: " + broken.Message, argument, broken);
            }
        }

        /// <summary>The string at a pointer; null stays null.</summary>
        internal static string FromUtf8(IntPtr text)
        {
            if (text == IntPtr.Zero)
                return null;
            int length = 0;
            while (Marshal.ReadByte(text, length) != 0)
                length++;
            byte[] bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }

        internal delegate UIntPtr Copy(byte[] buffer, UIntPtr capacity);

        /// <summary>What a function says that copies a text and returns the bytes needed for all of it.</summary>
        internal static string Fetch(Copy copy)
        {
            byte[] buffer = new byte[1024];
            int needed = (int)copy(buffer, (UIntPtr)buffer.Length);
            if (needed > buffer.Length)
            {
                buffer = new byte[needed];
                needed = Math.Min((int)copy(buffer, (UIntPtr)buffer.Length), buffer.Length);
            }
            return Encoding.UTF8.GetString(buffer, 0, Math.Max(needed - 1, 0));
        }
    }
}
