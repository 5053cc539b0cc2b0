// The types of UnityEngine that NcsnTexture uses, with just enough behind them to drive it. Not Unity.
using System;
using System.Reflection;

namespace UnityEngine
{
    public class Object
    {
        public static int Destroyed;

        public static void Destroy(Object one)
        {
            Destroyed++;
        }
    }

    public class MonoBehaviour : Object
    {
        public bool enabled = true;
        public Func<Type, object> Siblings;

        public T GetComponent<T>() where T : class
        {
            return (T)Siblings(typeof(T));
        }

        /// <summary>What the engine does: calls a private message method by its name.</summary>
        public void Send(string message)
        {
            GetType().GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(this, null);
        }
    }

    public enum TextureFormat
    {
        RGBA32 = 4,
    }

    public class Texture2D : Object
    {
        public readonly int width;
        public readonly int height;
        public byte[] Raw;
        public int Applied;

        public Texture2D(int width, int height, TextureFormat format, bool mipChain)
        {
            this.width = width;
            this.height = height;
        }

        public void LoadRawTextureData(byte[] data)
        {
            if (data.Length != 4 * width * height)
                throw new ArgumentException("not the texture's size");
            Raw = (byte[])data.Clone();
        }

        public void Apply(bool updateMipmaps)
        {
            Applied++;
        }
    }

    public class TextAsset : Object
    {
        public byte[] bytes;
    }

    public class Material : Object
    {
        public Texture2D mainTexture;
    }

    public class Renderer : Object
    {
        public Material material = new Material();
    }

    public static class Application
    {
        public static string streamingAssetsPath = "";
    }

    public static class Debug
    {
        public static Exception Logged;

        public static void LogException(Exception error, Object context)
        {
            Logged = error;
        }
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string text) { }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type type) { }
    }
}
