import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.PointerByReference;
import java.util.Arrays;

/** Java with JNA: four samples by one call, and again by a run in the background that is polled. */
public class First {
    /** The first fields are enough: the library fills in what a shorter struct lacks. */
    @Structure.FieldOrder({"structSize", "sampler", "seed", "firstSample", "sampleCount", "batchSize"})
    public static class Params extends Structure {
        public int structSize, sampler;
        public long seed, firstSample;
        public int sampleCount, batchSize;
    }

    @Structure.FieldOrder({"structSize", "phase"})
    public static class Progress extends Structure {
        public int structSize, phase;
    }

    public interface Ncsn extends Library {
        NativeSize ncsn_last_error(byte[] buffer, NativeSize capacity);
        int ncsn_create(String path, Pointer options, PointerByReference out);
        int ncsn_sample_params_init(Pointer model, Params params, int size);
        int ncsn_sample(Pointer model, Params params, float[] out, NativeSize bytes);
        int ncsn_run_begin(Pointer model, Params params, PointerByReference out);
        int ncsn_run_start(Pointer run);
        int ncsn_run_poll(Pointer run, Progress now);
        int ncsn_run_read(Pointer run, int what, float[] out, NativeSize bytes);
        void ncsn_run_free(Pointer run);
        void ncsn_destroy(Pointer model);
    }

    /** size_t. */
    public static class NativeSize extends com.sun.jna.IntegerType {
        public NativeSize() { this(0); }
        public NativeSize(long value) { super(Native.SIZE_T_SIZE, value, true); }
    }

    static Ncsn lib;

    static int ok(int status) {
        if (status >= 0) return status;
        byte[] text = new byte[1024];
        lib.ncsn_last_error(text, new NativeSize(text.length));
        throw new IllegalStateException(Native.toString(text, "UTF-8"));
    }

    public static void main(String[] arguments) throws InterruptedException {
        lib = Native.load(arguments[1], Ncsn.class, java.util.Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
        PointerByReference out = new PointerByReference();
        ok(lib.ncsn_create(arguments[0], null, out));
        Pointer model = out.getValue();
        Params params = new Params();
        ok(lib.ncsn_sample_params_init(model, params, params.size()));
        params.sampleCount = 4;
        params.seed = 7;
        float[] samples = new float[8], again = new float[8];
        NativeSize bytes = new NativeSize(4 * samples.length);
        ok(lib.ncsn_sample(model, params, samples, bytes));

        ok(lib.ncsn_run_begin(model, params, out));
        Pointer run = out.getValue();
        ok(lib.ncsn_run_start(run));
        Progress now = new Progress();
        now.structSize = now.size();
        while (ok(lib.ncsn_run_poll(run, now)) == 1) Thread.sleep(1);
        ok(lib.ncsn_run_read(run, 1, again, bytes));
        lib.ncsn_run_free(run);
        lib.ncsn_destroy(model);
        if (!Arrays.equals(samples, again)) throw new AssertionError("other samples");
        System.out.println(Integer.toUnsignedString(Float.floatToRawIntBits(samples[0])));
    }
}
