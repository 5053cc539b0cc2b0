using System;
using System.IO;
using System.Threading.Tasks;
using UnityEngine;

namespace Ncsn
{
    /// <summary>
    /// Fills a texture with a sample, frame by frame, while a run goes on in the background. It polls and sets no hooks,
    /// so nothing of Unity's is ever called from the library's thread, and it frees its run when it is disabled, which
    /// Unity does before it reloads the domain.
    /// </summary>
    public sealed class NcsnTexture : MonoBehaviour
    {
        [Tooltip("The model as an asset: the .onnx file, renamed to .bytes")]
        public TextAsset model;

        [Tooltip("Without an asset: the model's path, in StreamingAssets unless it is rooted")]
        public string modelPath = "model.onnx";

        [Tooltip("The same seed draws the same picture")]
        public int seed;

        [Tooltip("Network evaluations to spend; 0: the model's own")]
        public int evaluations = 40;

        [Tooltip("Where the texture is shown; may be empty")]
        public Renderer target;

        private Task<Model> opening;
        private Model network;
        private Run run;
        private byte[] topDown;
        private byte[] bottomUp;
        private long shown;

        /// <summary>The texture, once the model is loaded.</summary>
        public Texture2D Texture { get; private set; }

        /// <summary>From 0 to 1.</summary>
        public float Progress { get; private set; }

        /// <summary>What went wrong, which is logged, too.</summary>
        public Exception Error { get; private set; }

        /// <summary>Told when the texture holds the finished sample.</summary>
        public event Action<NcsnTexture> Finished;

        private void OnEnable()
        {
            Progress = 0;
            Error = null;
            shown = 0;
            // Assets are read here: only this thread may.
            byte[] bytes = model != null ? model.bytes : null;
            string path = Path.Combine(Application.streamingAssetsPath, modelPath);
            opening = Task.Run(() => bytes != null ? Model.Open(bytes) : Model.Open(path));
        }

        private void Update()
        {
            try
            {
                if (opening != null && opening.IsCompleted)
                {
                    Task<Model> opened = opening;
                    opening = null;
                    network = opened.GetAwaiter().GetResult();
                    Begin();
                }
                if (run != null)
                    Show();
            }
            catch (Exception error)
            {
                Error = error;
                Debug.LogException(error, this);
                Release();
            }
        }

        private void Begin()
        {
            long[] shape = network.Info.Shape;
            if (shape.Length != 3)
                throw new InvalidOperationException("the model's samples have rank " + shape.Length + ": they are no pictures");
            int height = (int)shape[1], width = (int)shape[2];
            var parameters = new SampleParameters { Seed = (ulong)(uint)seed, OutputFormat = OutputFormat.U8Rgba };
            if (evaluations > 0)
            {
                parameters.Sampler = Sampler.Auto;
                parameters.NfeBudget = evaluations;
            }
            if (Texture == null || Texture.width != width || Texture.height != height)
            {
                Discard();
                Texture = new Texture2D(width, height, TextureFormat.RGBA32, false);
            }
            if (target != null)
                target.material.mainTexture = Texture;
            topDown = new byte[4 * width * height];
            bottomUp = new byte[topDown.Length];
            run = network.Begin(parameters);
            run.Start();
        }

        private void Show()
        {
            SamplingProgress now;
            RunState state = run.Poll(out now);
            Progress = (float)now.Fraction;
            if (state == RunState.Done)
                run.ReadBytes(ReadKind.Sample, topDown);
            else if (now.NfeDone > shown)
                run.ReadBytes(ReadKind.Denoised, topDown);
            else
                return;
            shown = now.NfeDone;
            // Unity's textures begin with the lowest row.
            int row = 4 * Texture.width;
            for (int y = 0; y < Texture.height; y++)
                Buffer.BlockCopy(topDown, y * row, bottomUp, (Texture.height - 1 - y) * row, row);
            Texture.LoadRawTextureData(bottomUp);
            Texture.Apply(false);
            if (state != RunState.Done)
                return;
            Release();
            if (Finished != null)
                Finished(this);
        }

        private void OnDisable()
        {
            Release();
        }

        private void OnDestroy()
        {
            Discard();
        }

        private void Release()
        {
            if (opening != null)
            {
                // Still loading: whoever is last closes it. A failure has nobody left to tell.
                opening.ContinueWith(late =>
                {
                    if (late.Status == TaskStatus.RanToCompletion)
                        late.Result.Dispose();
                    else
                        GC.KeepAlive(late.Exception);
                });
                opening = null;
            }
            if (run != null)
                run.Dispose();
            run = null;
            if (network != null)
                network.Dispose();
            network = null;
        }

        private void Discard()
        {
            if (Texture != null)
                Destroy(Texture);
            Texture = null;
        }
    }
}
