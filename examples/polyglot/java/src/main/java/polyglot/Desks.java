package polyglot;

import build.buf.validate.Violation;
import build.buf.validate.Violations;
import com.google.protobuf.ByteString;
import com.polyglot.java.v1.DeskBase;
import com.polyglot.java.v1.RefusedException;
import com.polyglot.java.v1.ViolationsException;
import com.polyglot.java.v1.VisitorBase;
import com.polyglot.values.v1.DeskKey;
import com.polyglot.values.v1.DeskView;
import com.polyglot.values.v1.Guest;
import com.polyglot.values.v1.Refused;
import com.polyglot.values.v1.VisitReport;
import com.polyglot.values.v1.VisitRequest;
import dev.restate.client.Client;
import dev.restate.client.IngressException;
import dev.restate.sdk.Context;
import dev.restate.sdk.ObjectContext;
import dev.restate.sdk.SharedObjectContext;
import dev.restate.sdk.common.TerminalException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** The desks of the Java team, and how it visits those of others: typed keys and errors, rules, bytes. */
final class Desks {
  private Desks() {}

  static final class Desk extends DeskBase {
    @Override
    public DeskView look(SharedObjectContext ctx) {
      return DeskView.newBuilder()
          .setLanguage("java")
          .setText(ctx.key())
          .setKey(KEY.of(ctx))
          .build();
    }

    @Override
    public void ask(ObjectContext ctx, Refused request) {
      throw new RefusedException(request, "refused: " + request.getReason());
    }

    @Override
    public void register(ObjectContext ctx, Guest request) {}

    @Override
    public byte[] scan(ObjectContext ctx, byte[] request) {
      byte[] image = new byte[request.length];
      for (int i = 0; i < request.length; i++) {
        image[i] = request[request.length - 1 - i];
      }
      return image;
    }
  }

  static final class Visitor extends VisitorBase {
    @Override
    public VisitReport visit(Context ctx, VisitRequest request) {
      return Desks.visit(inHandler(ctx, request), request);
    }
  }

  /** What the clients of a desk have in common, in handlers and outside. */
  record AnyDesk(
      Supplier<DeskView> look,
      Consumer<Refused> ask,
      Consumer<Guest> register,
      UnaryOperator<byte[]> scan) {}

  static VisitReport visit(AnyDesk desk, VisitRequest request) {
    VisitReport.Builder report = VisitReport.newBuilder();
    try {
      switch (request.getErrand()) {
        case ERRAND_ASK -> desk.ask().accept(request.getRefused());
        case ERRAND_REGISTER -> desk.register().accept(request.getGuest());
        case ERRAND_SCAN -> {
          byte[] image = desk.scan().apply(request.getDocument().toByteArray());
          report.setImage(ByteString.copyFrom(image));
        }
        default -> report.setSeen(desk.look().get());
      }
    } catch (RefusedException e) {
      report.setRefused(e.getDetail()).setCode(e.getCode()).setText(e.getMessage());
    } catch (com.polyglot.golang.v1.RefusedException e) {
      report.setRefused(e.getDetail()).setCode(e.getCode()).setText(e.getMessage());
    } catch (com.polyglot.kotlin.v1.RefusedException e) {
      report.setRefused(e.getDetail()).setCode(e.getCode()).setText(e.getMessage());
    } catch (com.polyglot.python.v1.RefusedException e) {
      report.setRefused(e.getDetail()).setCode(e.getCode()).setText(e.getMessage());
    } catch (com.polyglot.typescript.v1.RefusedException e) {
      report.setRefused(e.getDetail()).setCode(e.getCode()).setText(e.getMessage());
    } catch (ViolationsException e) {
      broken(report, e, e.getDetail());
    } catch (com.polyglot.golang.v1.ViolationsException e) {
      broken(report, e, e.getDetail());
    } catch (com.polyglot.kotlin.v1.ViolationsException e) {
      broken(report, e, e.getDetail());
    } catch (com.polyglot.python.v1.ViolationsException e) {
      broken(report, e, e.getDetail());
    } catch (com.polyglot.typescript.v1.ViolationsException e) {
      broken(report, e, e.getDetail());
    } catch (TerminalException e) {
      report.setCode(e.getCode()).setText(e.getMessage());
    } catch (IngressException e) {
      report.setCode(e.getStatusCode()).setText(e.getMessage());
    }
    return report.build();
  }

  private static void broken(
      VisitReport.Builder report, TerminalException error, Violations detail) {
    report.setCode(error.getCode()).setText(error.getMessage());
    for (Violation each : detail.getViolationsList()) {
      report.addBrokenRules(each.getRuleId());
    }
  }

  private static AnyDesk inHandler(Context ctx, VisitRequest request) {
    DeskKey key = request.getKey();
    switch (request.getCallee()) {
      case LANGUAGE_GO -> {
        var desk = com.polyglot.golang.v1.DeskClient.fromContext(ctx, key);
        return new AnyDesk(
            () -> desk.look().await(),
            r -> desk.ask(r).await(),
            g -> desk.register(g).await(),
            d -> desk.scan(d).await());
      }
      case LANGUAGE_JAVA -> {
        var desk = com.polyglot.java.v1.DeskClient.fromContext(ctx, key);
        return new AnyDesk(
            () -> desk.look().await(),
            r -> desk.ask(r).await(),
            g -> desk.register(g).await(),
            d -> desk.scan(d).await());
      }
      case LANGUAGE_KOTLIN -> {
        var desk = com.polyglot.kotlin.v1.DeskClient.fromContext(ctx, key);
        return new AnyDesk(
            () -> desk.look().await(),
            r -> desk.ask(r).await(),
            g -> desk.register(g).await(),
            d -> desk.scan(d).await());
      }
      case LANGUAGE_PYTHON -> {
        var desk = com.polyglot.python.v1.DeskClient.fromContext(ctx, key);
        return new AnyDesk(
            () -> desk.look().await(),
            r -> desk.ask(r).await(),
            g -> desk.register(g).await(),
            d -> desk.scan(d).await());
      }
      case LANGUAGE_TYPESCRIPT -> {
        var desk = com.polyglot.typescript.v1.DeskClient.fromContext(ctx, key);
        return new AnyDesk(
            () -> desk.look().await(),
            r -> desk.ask(r).await(),
            g -> desk.register(g).await(),
            d -> desk.scan(d).await());
      }
      default -> throw new TerminalException(400, "no such desk: " + request.getCallee());
    }
  }

  static AnyDesk outside(Client client, VisitRequest request) {
    DeskKey key = request.getKey();
    switch (request.getCallee()) {
      case LANGUAGE_GO -> {
        var desk = com.polyglot.golang.v1.DeskClient.fromClient(client, key);
        return new AnyDesk(
            () -> desk.look(),
            r -> desk.ask(r),
            g -> desk.register(g),
            d -> desk.scan(d));
      }
      case LANGUAGE_JAVA -> {
        var desk = com.polyglot.java.v1.DeskClient.fromClient(client, key);
        return new AnyDesk(
            () -> desk.look(),
            r -> desk.ask(r),
            g -> desk.register(g),
            d -> desk.scan(d));
      }
      case LANGUAGE_KOTLIN -> {
        var desk = com.polyglot.kotlin.v1.DeskClient.fromClient(client, key);
        return new AnyDesk(
            () -> desk.look(),
            r -> desk.ask(r),
            g -> desk.register(g),
            d -> desk.scan(d));
      }
      case LANGUAGE_PYTHON -> {
        var desk = com.polyglot.python.v1.DeskClient.fromClient(client, key);
        return new AnyDesk(
            () -> desk.look(),
            r -> desk.ask(r),
            g -> desk.register(g),
            d -> desk.scan(d));
      }
      case LANGUAGE_TYPESCRIPT -> {
        var desk = com.polyglot.typescript.v1.DeskClient.fromClient(client, key);
        return new AnyDesk(
            () -> desk.look(),
            r -> desk.ask(r),
            g -> desk.register(g),
            d -> desk.scan(d));
      }
      default -> throw new TerminalException(400, "no such desk: " + request.getCallee());
    }
  }
}
