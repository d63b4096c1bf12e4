import static java.util.concurrent.TimeUnit.SECONDS;

import java.awt.image.BufferedImage;
import java.lang.ref.WeakReference;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.fieldsync.mobile.*;

/**
 * Plays a technician's day through the classes that gobind makes for Android, on a desktop JVM, against a real hub.
 * Arguments: fieldsyncd, office, an empty folder. The last line is "N passed, N failed".
 */
public final class MobileTest {
	private static int passed;
	private static int failed;

	private static void check(String what, boolean fine, Object got) {
		if (fine) passed++;
		else failed++;
		System.out.println((fine ? "ok    " : "FAIL  ") + what + (fine ? "" : ", got: " + got));
	}

	private static void contains(String what, String got, String... all) {
		check(what, Stream.of(all).allMatch(got::contains), got);
	}

	/** Wants an exception whose message is the code and a sentence. */
	private static void refused(String what, String code, Callable<?> call) {
		try {
			check(what, false, call.call());
		} catch (Throwable e) {
			check(what, e.getMessage() != null && e.getMessage().matches(code + ": .+"), e);
		}
	}

	interface Action { void run() throws Exception; }

	private static void refused(String what, String code, Action action) {
		refused(what, code, () -> { action.run(); return "nothing"; });
	}

	/** Keeps what it hears. */
	static final class Ears implements Listener, StatusListener {
		final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
		final Set<Thread> threads = ConcurrentHashMap.newKeySet();
		volatile boolean rude;

		private void hear(String text) {
			threads.add(Thread.currentThread());
			heard.add(text);
			if (rude) throw new IllegalStateException("not today \u270b");
		}

		@Override public void onResult(String json) { hear(json); }
		@Override public void onStatus(String json) { hear(json); }
		@Override public void onError(String text) { hear("ERROR " + text); }

		/** Waits for something that fits; "" when it did not come. */
		String until(Predicate<String> fits) throws InterruptedException {
			for (long end = System.nanoTime() + SECONDS.toNanos(60); System.nanoTime() < end; ) {
				String text = heard.poll(1, SECONDS);
				if (text != null && fits.test(text)) return text;
			}
			return "";
		}
	}

	private static Path folder;
	private static Hub hub;

	private static Client phone(String login) throws Exception {
		Config config = Mobile.newConfig(folder.resolve(login).toString());
		config.setApp("mobile test");
		return Mobile.open(config, null);
	}

	private static String object(String... pairs) {
		StringBuilder b = new StringBuilder();
		for (int i = 0; i < pairs.length; i += 2) {
			b.append(i == 0 ? "{" : ",").append('"').append(pairs[i]).append("\":");
			String value = pairs[i + 1];
			b.append(value.startsWith("{") ? value : '"' + value + '"');
		}
		return b + "}";
	}

	public static void main(String[] args) throws Exception {
		folder = Path.of(args[2]);
		hub = new Hub(Path.of(args[0]), Path.of(args[1]), folder.resolve("hub"));
		try {
			opening();
			String liCode = hub.employ("li", "\u674e\u5c0f\u9f8d");
			String wuCode = hub.employ("wu", "Wu");
			Client li = phone("li");
			enrolling(li, liCode);
			Client wu = phone("wu");
			wu.enroll(hub.url, wuCode, "Wu's phone");
			String part = Hub.text(hub.office("part", "SEAL-40"), "id");
			String job = Hub.text(hub.office("job", "\u96fb\u68af\u7570\u97f3 \ud834\udd1e", "li", "wu"), "id");
			firstSync(li, job);
			offline(li, job, part);
			conflict(li, job);
			refusal(li, part);
			attachment(li, wu);
			live(li, wu);
			threads(li);
			app(li);
			suspending(li);
			leaks(li);
			closing(li, wu);
		} catch (Throwable e) {
			check("nothing unexpected happens", false, e);
			e.printStackTrace(System.out);
		} finally {
			hub.close();
		}
		System.out.println(passed + " passed, " + failed + " failed");
		System.exit(failed == 0 ? 0 : 1);
	}

	private static void opening() {
		refused("a client without a configuration is refused", "invalid_value", () -> Mobile.open(null, null));
		refused("a client that was not opened refuses", "suspended", () -> new Client().jobs(""));
		refused("and cannot be resumed", "invalid_value", () -> new Client().resume());
		refused("a keystore that throws is a missing key", "key_missing", () -> Mobile.open(
			Mobile.newConfig(folder.resolve("keys").toString()), new Keystore() {
				@Override public long newest() { return 1; }
				@Override public byte[] key(long number) throws Exception { throw new Exception("locked"); }
				@Override public void destroy() { }
			}));
		try {
			Client c = Mobile.open(Mobile.newConfig(folder.resolve("keys").toString()), new Keystore() {
				@Override public long newest() { return 7; }
				@Override public byte[] key(long number) { return new byte[32]; }
				@Override public void destroy() { }
			});
			check("a keystore yields keys", c.status().contains("\"enrolled\":false"), c.status());
			c.close();
		} catch (Exception e) {
			check("a keystore yields keys", false, e);
		}
	}

	private static void enrolling(Client li, String code) throws Exception {
		refused("a device that is not enrolled does not sync", "[a-z_]+", () -> li.syncOnce(5000));
		refused("a wrong code is refused", "bad_code", () -> li.enroll(hub.url, "WRONG", "Li's phone"));
		li.enroll(hub.url, code, "Li's phone");
		contains("the phone is enrolled", li.status(), "\"enrolled\":true", "\"pending\":0");
		check("an empty list is no null", li.jobs("").equals("[]"), li.jobs(""));
	}

	private static void firstSync(Client li, String job) throws Exception {
		Ears status = new Ears();
		Subscription watching = li.watchStatus(status);
		li.syncOnce(60000);
		check("progress is told until everything is here", !status.until(s -> s.contains("\"complete\":true")).isEmpty(), status.heard);
		watching.cancel();
		contains("the job is here, whatever its letters", li.jobs("{\"which\":\"all\"}"), job, "\u96fb\u68af\u7570\u97f3 \ud834\udd1e");
		contains("and found by a piece of them", li.jobs(object("text", "\u7570\u97f3")), job);
		contains("a job has everything with it", li.job(job), "\"assignments\":[", "\"comments\":[]");
		check("a job is found by its id", li.findJob(job).equals(job), null);
		contains("parts are here", li.parts("seal"), "SEAL-40");
		check("stock is a list", li.stock().equals("[]"), li.stock());
		li.execute("plans.saw", "{\"which\":\"all\"}");
		check("no plan has changed", li.query("{\"read\":\"plans\"}").equals("[]"), li.query("{\"read\":\"plans\"}"));
		li.execute("choose", "{\"wifi_only\":true}");
		contains("what is chosen holds", li.query("{\"read\":\"choices\"}"), "\"wifi_only\":true");
		li.execute("choose", "{\"wifi_only\":false}");
	}

	private static void offline(Client li, String job, String part) throws Exception {
		refused("an unknown command is refused", "unknown_command", () -> li.execute("job.win", "{}"));
		refused("a misspelt name is refused", "invalid_value", () -> li.execute("visit.accept", object("jop", job)));
		refused("a step out of turn is refused", "wrong_state", () -> li.execute("visit.pause", object("job", job)));
		for (String step : List.of("accept", "travel", "arrive")) li.execute("visit." + step, object("job", job));
		contains("a note is made", li.execute("job.note", object("job", job, "text", "Z\u00e4hler \u260e \ud834\udd1e")), "\"id\":\"");
		contains("a part is used", li.execute("part.use", "{\"job\":\"" + job + "\",\"part\":\"" + part + "\",\"quantity\":{\"amount\":1000}}"), "\"id\":\"");
		contains("it waits", li.status(), "\"pending\":5", "\"refused\":0");
		contains("and is listed", li.outbox("waiting"), "visit.accept", "part.use", "\"code\":\"\"");
		contains("SQL reads", li.query("{\"read\":\"select\",\"in\":{\"sql\":\"SELECT count(*) AS n FROM comment\"}}"), "[{\"n\":1}]");
		refused("SQL does not write", "read_only", () -> li.query("{\"read\":\"select\",\"in\":{\"sql\":\"DELETE FROM comment\"}}"));
		li.syncOnce(60000);
		contains("it is sent", li.status(), "\"pending\":0", "\"refused\":0");
	}

	private static void conflict(Client li, String job) throws Exception {
		contains("there is no conflict yet", hub.office("conflicts"), "{\"open\":0}");
		li.execute("job.complete", object("job", job, "finding", "worn seal", "summary", "seal replaced"));
		hub.office("cancel", job); // who does not know that it is done
		li.syncOnce(60000);
		String conflicts = hub.office("conflicts");
		check("what both wrote is a conflict for the office", !conflicts.contains(":0}"), conflicts);
		contains("done is shown meanwhile", li.job(job), "\"state\":\"done\"", "worn seal");
		contains("and nothing is refused", li.status(), "\"pending\":0", "\"refused\":0");
	}

	private static void refusal(Client li, String part) throws Exception {
		String job = Hub.text(hub.office("job", "Pump leaks", "li"), "id");
		li.syncOnce(60000);
		li.execute("part.use", "{\"job\":\"" + job + "\",\"part\":\"" + part + "\",\"quantity\":{\"amount\":2000}}");
		hub.office("drop", "part", part);
		li.syncOnce(60000);
		String refusal = li.outbox("refused");
		contains("what the hub refuses is kept, with the reason", refusal, "\"code\":\"unknown_part\"", "\"message\":\"", job.substring(0, 8));
		li.execute("outbox.resend", object("change", Hub.text(refusal, "change")));
		contains("it is sent again", li.outbox("waiting"), "part.use");
		li.syncOnce(60000);
		li.execute("outbox.dismiss", object("change", Hub.text(li.outbox("refused"), "change")));
		check("or given up", li.outbox("refused").equals("[]"), li.outbox("refused"));
		refused("once", "already_closed", () -> li.execute("outbox.dismiss", object("change", Hub.text(refusal, "change"))));
	}

	private static void attachment(Client li, Client wu) throws Exception {
		String job = Hub.text(hub.office("job", "Fan rattles", "li", "wu"), "id");
		li.syncOnce(60000);
		wu.syncOnce(60000);
		Path photo = folder.resolve("photo.png");
		BufferedImage image = new BufferedImage(640, 480, BufferedImage.TYPE_INT_RGB);
		for (int x = 0; x < 640; x++) for (int y = 0; y < 480; y++) image.setRGB(x, y, x * y);
		javax.imageio.ImageIO.write(image, "png", photo.toFile());
		String id = li.attach("job", job, photo.toString(), object("kind", "photo", "caption", "type plate"));
		Path small = folder.resolve("small.jpg");
		li.saveThumbnail(id, small.toString());
		check("a photo has a thumbnail at once", javax.imageio.ImageIO.read(small.toFile()) != null, null);
		String asked = "{\"read\":\"attachments\",\"in\":{\"table\":\"job\",\"id\":\"" + job + "\"}}";
		contains("it waits", li.query(asked), "\"state\":\"waiting\"", "type plate");
		refused("a file that is not there is refused", "no_file", () -> li.attach("job", job, "/nowhere", "{}"));
		li.syncOnce(60000);
		contains("it is sent", li.query(asked), "\"state\":\"done\"");
		wu.syncOnce(60000);
		Path copy = folder.resolve("copy");
		refused("it is not on the other phone yet", "[a-z_]+", () -> wu.saveAttachment(id, copy.toString()));
		wu.download(id);
		wu.saveAttachment(id, copy.toString());
		Path own = folder.resolve("own");
		li.saveAttachment(id, own.toString());
		check("the other phone fetches the same bytes", Files.mismatch(own, copy) == -1, Files.size(copy));
	}

	private static void live(Client li, Client wu) throws Exception {
		String job = Hub.text(hub.office("job", "Chiller trips", "li", "wu"), "id");
		Ears ears = new Ears();
		Ears status = new Ears();
		wu.setNetwork("free");
		wu.watchStatus(status);
		wu.connect();
		li.connect();
		check("the phone is online", !status.until(s -> s.contains("\"online\":true")).isEmpty(), wu.status());
		Subscription jobs = wu.observe("{\"read\":\"jobs\"}", ears);
		check("the office's job arrives by itself", !ears.until(s -> s.contains(job)).isEmpty(), wu.jobs(""));
		Subscription comments = wu.observe("{\"read\":\"comments\",\"in\":{\"table\":\"job\",\"id\":\"" + job + "\"}}", ears);
		while (!li.jobs("").contains(job)) Thread.sleep(20);
		li.execute("job.note", object("job", job, "text", "compressor is hot"));
		check("a note goes from one phone to the other", !ears.until(s -> s.contains("compressor is hot")).isEmpty(), ears.heard);
		ears.rude = true;
		li.execute("job.note", object("job", job, "text", "one"));
		check("a listener may throw", !ears.until(s -> s.contains("\"one\"")).isEmpty(), ears.heard);
		li.execute("job.note", object("job", job, "text", "two"));
		check("and hears of more", !ears.until(s -> s.contains("\"two\"")).isEmpty(), ears.heard);
		check("calls come from threads of the library", !ears.threads.contains(Thread.currentThread()), ears.threads);
		comments.cancel();
		ears.heard.clear();
		li.execute("job.note", object("job", job, "text", "three"));
		status.until(s -> s.contains("\"pending\":0"));
		check("a cancelled subscription is silent", ears.heard.stream().noneMatch(s -> s.contains("three")), ears.heard);
		jobs.cancel();
		li.disconnect();
		wu.disconnect();
		check("the phone is offline", !status.until(s -> s.contains("\"online\":false")).isEmpty(), wu.status());
		Ears errors = new Ears();
		wu.observe("{\"read\":\"job\",\"in\":{\"id\":\"nonsense\"}}", errors).cancel();
		check("a query that fails says so", errors.until(s -> true).startsWith("ERROR invalid_value: ") || errors.heard.isEmpty(), errors.heard);
		refused("a query that is none is refused", "unknown_query", () -> wu.observe("{\"read\":\"minds\"}", errors));
	}

	private static void threads(Client li) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(8);
		List<Future<?>> all = new ArrayList<>();
		for (int t = 0; t < 8; t++) {
			final int n = t;
			all.add(pool.submit(() -> {
				for (int i = 0; i < 25; i++) {
					li.execute("unit.create", object("serial", "T" + n + "-" + i));
					li.query("{\"read\":\"unit_by_serial\",\"in\":{\"text\":\"T" + n + "-" + i + "\"}}");
				}
				return null;
			}));
		}
		for (Future<?> one : all) one.get();
		pool.shutdown();
		contains("8 threads write 200 units, none lost", li.query(
			"{\"read\":\"select\",\"in\":{\"sql\":\"SELECT count(*) AS n FROM unit WHERE serial LIKE 'T%'\"}}"), "{\"n\":200}");
		li.syncOnce(60000);
		contains("and all are sent", li.status(), "\"pending\":0");
	}

	private static void app(Client li) throws Exception {
		String url = li.startApp();
		contains("the app is served on this device alone", url, "http://127.0.0.1:");
		HttpClient browser = HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
		for (String at : List.of(url, url.substring(0, url.lastIndexOf('/') + 1))) { // the first leaves a cookie
			HttpResponse<String> page = browser.send(HttpRequest.newBuilder(URI.create(at)).build(), HttpResponse.BodyHandlers.ofString());
			check("and answers " + URI.create(at).getPath(), page.statusCode() == 200 && page.body().startsWith("<!doctype html"), page.body());
		}
		li.stopApp();
	}

	private static void suspending(Client li) throws Exception {
		Ears ears = new Ears();
		Subscription units = li.observe("{\"read\":\"units\",\"in\":{\"text\":\"AFTER\"}}", ears);
		ears.until(s -> s.equals("[]"));
		li.suspend();
		refused("a suspended client refuses", "suspended", () -> li.jobs(""));
		Client other = phone("li");
		check("its files are free", other.status().contains("\"enrolled\":true"), null);
		other.close();
		li.resume();
		li.execute("unit.create", object("serial", "AFTER-1"));
		check("a resumed client's listeners hear", !ears.until(s -> s.contains("AFTER-1")).isEmpty(), ears.heard);
		units.cancel();
	}

	/** Listeners that were cancelled, and clients that were closed, are collected. */
	private static void leaks(Client li) throws Exception {
		List<WeakReference<?>> gone = new ArrayList<>();
		for (int i = 0; i < 50; i++) gone.add(listens(li));
		gone.add(holdsItsClient());
		check("listeners that were dropped are collected", collected(li, gone), gone.stream().filter(r -> r.get() != null).count() + " alive");
	}

	private static WeakReference<?> listens(Client li) throws Exception {
		Ears ears = new Ears();
		li.observe("{\"read\":\"units\",\"in\":{\"text\":\"none\"}}", ears).cancel();
		return new WeakReference<>(ears);
	}

	/** A listener that holds the client that holds it: closing cuts the circle. */
	private static WeakReference<?> holdsItsClient() throws Exception {
		final Client c = phone("circle");
		StatusListener l = new StatusListener() {
			@Override public void onStatus(String json) throws Exception { c.status(); }
		};
		c.watchStatus(l);
		c.close();
		return new WeakReference<>(l);
	}

	private static boolean collected(Client li, List<WeakReference<?>> all) throws Exception {
		for (int i = 0; i < 100; i++) {
			System.gc();
			System.runFinalization();
			for (int n = 0; n < 20; n++) li.query("{\"read\":\"units\"}"); // so that Go's collector runs too
			if (all.stream().allMatch(r -> r.get() == null)) return true;
			Thread.sleep(100);
		}
		return false;
	}

	private static void closing(Client li, Client wu) throws Exception {
		hub.kill();
		refused("a hub that is gone is no network", "no_network", () -> li.syncOnce(5000));
		li.execute("unit.create", object("serial", "ALONE-1"));
		contains("work goes on", li.status(), "\"pending\":2");
		li.close();
		li.close();
		wu.close();
		refused("a closed client refuses", "closed", () -> li.jobs(""));
		refused("for good", "closed", () -> li.resume());
		Client again = phone("li");
		contains("what waited is there when it is opened again", again.status(), "\"pending\":2");
		again.close();
		try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
			List<String> ours = new ArrayList<>();
			for (Path p : (Iterable<Path>) open::iterator) {
				String at = Files.isSymbolicLink(p) ? Files.readSymbolicLink(p).toString() : "";
				if (at.contains("field.db")) ours.add(at);
			}
			check("no file is open", ours.isEmpty(), ours);
		}
	}
}
