using System;
using System.IO;
using System.Reflection;

namespace Ncsn
{
    /// <summary>The native library behind this assembly.</summary>
    public static class Library
    {
        /// <summary>The ABI version that this assembly speaks: NCSN_ABI_VERSION.</summary>
        public const int AbiVersion = 1;

        private static bool compatible;

        /// <summary>The native library's version, e.g. "1.0.0".</summary>
        /// <exception cref="NcsnLibraryException">It is missing, or another ABI.</exception>
        public static string Version
        {
            get
            {
                EnsureCompatible();
                return Text.FromUtf8(Native.ncsn_version());
            }
        }

        /// <summary>Called before anything else is asked of the library, so that what is missing is told in words.</summary>
        internal static void EnsureCompatible()
        {
            if (compatible)
                return;
            uint version;
            try
            {
                version = Native.ncsn_abi_version();
            }
            catch (DllNotFoundException missing)
            {
                throw new NcsnLibraryException(Missing(missing.Message), missing);
            }
            catch (BadImageFormatException foreign)
            {
                throw new NcsnLibraryException("the libncsn that was found is not for this system and process (" +
                    (IntPtr.Size * 8) + " bit): " + foreign.Message, foreign);
            }
            catch (EntryPointNotFoundException foreign)
            {
                throw new NcsnLibraryException("a library named ncsn was found, but it has no ncsn_abi_version: it is " +
                    "not libncsn. " + foreign.Message, foreign);
            }
            if (version != AbiVersion)
                throw new NcsnLibraryException("the libncsn that was found has ABI version " + version +
                    ", Ncsn.dll needs " + AbiVersion + ": use the two of one release together", null);
            compatible = true;
        }

        private static string Missing(string reason)
        {
            string folder = "";
            try
            {
                folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
            }
            catch (NotSupportedException)
            {
                // An assembly in memory, or IL2CPP, has no location.
            }
            if (string.IsNullOrEmpty(folder))
                folder = AppDomain.CurrentDomain.BaseDirectory;
            string path = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH");
            return "the native library libncsn could not be loaded. It was looked for beside the assembly (" + folder +
                "), in the folders of LD_LIBRARY_PATH (" + (string.IsNullOrEmpty(path) ? "not set" : path) +
                ") and where the system keeps libraries. Put libncsn.so, and libonnxruntime.so beside it, into " +
                folder + ". The runtime says: " + reason;
        }
    }
}
