using Ncsn;
using UnityEngine;

/// <summary>
/// On a quad: draws a digit, then another. Needs models/digits.onnx of libncsn as StreamingAssets/digits.onnx.
/// </summary>
[RequireComponent(typeof(NcsnTexture))]
public sealed class ShowDigit : MonoBehaviour
{
    private NcsnTexture picture;

    private void Start()
    {
        picture = GetComponent<NcsnTexture>();
        picture.enabled = false;
        picture.modelPath = "digits.onnx";
        picture.target = GetComponent<Renderer>();
        picture.Finished += Next;
        picture.enabled = true;
    }

    private void OnDestroy()
    {
        picture.Finished -= Next;
    }

    private static void Next(NcsnTexture finished)
    {
        finished.enabled = false;
        finished.seed++;
        finished.enabled = true;
    }
}
