import java.io.*;
import java.net.URI;
import java.nio.file.*;
import java.util.*;

/** A real hub in a process of its own, and somebody in its office in another. */
final class Hub implements AutoCloseable {
	private final Path program;
	private final Path data;
	private final Process hub;
	private final Process office;
	private final BufferedReader answers;
	private final Writer orders;
	final String url;

	Hub(Path program, Path officeProgram, Path data) throws Exception {
		this.program = program;
		this.data = data;
		hub = start(program.toString(), "serve", "-addr", "127.0.0.1:0", "-data", data.toString(), "-json");
		url = text(new BufferedReader(new InputStreamReader(hub.getInputStream(), "UTF-8")).readLine(), "url");
		office = start(officeProgram.toString(), "-data", data.toString());
		answers = new BufferedReader(new InputStreamReader(office.getInputStream(), "UTF-8"));
		orders = new OutputStreamWriter(office.getOutputStream(), "UTF-8");
	}

	private static Process start(String... command) throws IOException {
		return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
	}

	/** Makes a technician with a van, and returns the code for his phone. */
	String employ(String login, String name) throws Exception {
		run("person", "add", name, "-login", login, "-van");
		return text(run("device", "enrol", login), "code");
	}

	private String run(String... words) throws Exception {
		List<String> command = new ArrayList<>(List.of(program.toString()));
		command.addAll(List.of(words));
		command.addAll(List.of("-data", data.toString(), "-json"));
		Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
		String out = new String(p.getInputStream().readAllBytes(), "UTF-8");
		if (p.waitFor() != 0) throw new IOException(command + ": " + out);
		return out;
	}

	/** Has the office do something, and returns its answer. */
	synchronized String office(String... words) throws IOException {
		orders.write(String.join("\t", words) + "\n");
		orders.flush();
		String answer = answers.readLine();
		if (answer == null || answer.contains("\"error\":")) throw new IOException(Arrays.toString(words) + ": " + answer);
		return answer;
	}

	/** Returns a text of a flat JSON object; enough for what these programs print. */
	static String text(String json, String name) {
		int at = json.indexOf("\"" + name + "\":\"");
		if (at < 0) throw new IllegalArgumentException("no " + name + " in " + json);
		at += name.length() + 4;
		return json.substring(at, json.indexOf('"', at));
	}

	/** Ends the hub as power cuts do. */
	void kill() throws Exception {
		hub.destroyForcibly().waitFor();
	}

	@Override public void close() throws Exception {
		orders.close();
		office.waitFor();
		hub.destroy();
		hub.waitFor();
	}
}
