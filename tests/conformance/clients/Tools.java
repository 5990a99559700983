import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's command line tools, one after the other in one process.
 *
 * A line has words in base64: a class, what it reads from its standard input, its arguments.  It is
 * answered by a line: the exit status, then what was written to each of the two outputs, in base64.
 */
public class Tools {
    private static final class Ended extends Error {
        final int status;

        Ended(int status) {
            this.status = status;
        }
    }

    public static void main(String[] words) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true);
        List<Runnable> hooks = new ArrayList<>();
        int[] status = {-1};
        Exit.Procedure exit = (code, message) -> {
            if (status[0] < 0) {
                status[0] = code;
            }
            throw new Ended(code);
        };
        Exit.setExitProcedure(exit);
        Exit.setHaltProcedure(exit);
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] told = Arrays.stream(line.split(" ", -1)).map(Tools::read).toArray(String[]::new);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setIn(new ByteArrayInputStream(told[1].getBytes(StandardCharsets.UTF_8)));
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            status[0] = -1;
            hooks.clear();
            try {
                Object given = Arrays.copyOfRange(told, 2, told.length);
                Class.forName(told[0]).getMethod("main", String[].class).invoke(null, given);
            } catch (InvocationTargetException thrown) {
                if (!(thrown.getCause() instanceof Ended)) {
                    thrown.getCause().printStackTrace();
                    status[0] = Math.max(status[0], 1);
                }
            }
            hooks.forEach(Runnable::run);
            answers.println(Math.max(status[0], 0) + " " + write(out) + " " + write(err));
        }
    }

    private static String read(String word) {
        return new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
    }

    private static String write(ByteArrayOutputStream bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
