package PACKAGE;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.restate.client.Client;
import dev.restate.sdk.Awakeable;
import dev.restate.sdk.Context;
import dev.restate.sdk.SharedObjectContext;
// Those of java.lang too: a message of the package may have such a name.
import java.lang.Boolean;
import java.lang.Character;
import java.lang.Class;
import java.lang.IllegalArgumentException;
import java.lang.IndexOutOfBoundsException;
import java.lang.Integer;
import java.lang.Long;
import java.lang.Object;
import java.lang.Override;
import java.lang.String;
import java.lang.StringBuilder;
import java.lang.SuppressWarnings;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** Keys of objects and ids of workflows that are messages, and ids of awakeables in fields. */
@SuppressWarnings({"deprecation", "removal"})
@NullMarked
public final class RestateKeys {
  private RestateKeys() {}

  /**
   * The keys of an object, or the ids of a workflow, as a message.
   *
   * @param <K> the message
   */
  public static final class KeyFormat<K extends Message> {
    private final K prototype;
    private final String prefix;
    private final List<FieldDescriptor> fields = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();

    private KeyFormat(K prototype, String prefix) {
      this.prototype = prototype;
      this.prefix = prefix;
    }

    /**
     * Returns the format of a key.
     *
     * @param prototype the default instance of the message
     * @param prefix the text before the first field
     * @param parts the names of the fields, each with the text that follows it
     */
    static <K extends Message> KeyFormat<K> of(K prototype, String prefix, String... parts) {
      KeyFormat<K> format = new KeyFormat<>(prototype, prefix);
      for (int i = 0; i < parts.length; i += 2) {
        format.fields.add(prototype.getDescriptorForType().findFieldByName(parts[i]));
        format.texts.add(parts[i + 1]);
      }
      return format;
    }

    /** Returns the key of the invocation that a context belongs to. */
    public K of(SharedObjectContext ctx) {
      return parse(ctx.key());
    }

    /**
     * Returns the text of a key.
     *
     * @throws IllegalArgumentException a string contains the text that follows it in the key
     */
    public String format(K key) {
      StringBuilder text = new StringBuilder(prefix);
      for (int i = 0; i < fields.size(); i++) {
        FieldDescriptor field = fields.get(i);
        String value = text(field, key.getField(field));
        String after = texts.get(i);
        if (i < fields.size() - 1
            && field.getType() == FieldDescriptor.Type.STRING
            && (value + after).indexOf(after) != value.length()) {
          throw new IllegalArgumentException(
              field.getName() + " is \"" + value + "\", so the \"" + after
                  + "\" that follows it in the key " + this
                  + " would be found too early; write a value without it");
        }
        text.append(value).append(after);
      }
      if (text.length() == 0) {
        throw new IllegalArgumentException(
            fields.get(fields.size() - 1).getName() + " is empty, and a key must not be");
      }
      return text.toString();
    }

    /**
     * Returns the message that a key was made from.
     *
     * @throws IllegalArgumentException the text is not a key of this format
     */
    @SuppressWarnings("unchecked")
    public K parse(String text) {
      Message.Builder builder = prototype.newBuilderForType();
      try {
        int start = prefix.length();
        for (int i = 0; i < fields.size(); i++) {
          int end =
              i == fields.size() - 1
                  ? text.length() - texts.get(i).length()
                  : end(fields.get(i), text, start, texts.get(i));
          builder.setField(fields.get(i), value(fields.get(i), text.substring(start, end)));
          start = end + texts.get(i).length();
        }
        K key = (K) builder.build();
        // There is one way to write a key.
        if (format(key).equals(text)) {
          return key;
        }
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        // Reported below: the text is not a key.
      }
      throw new IllegalArgumentException(
          "\"" + text + "\" does not have the form \"" + this + "\"");
    }

    private static int end(FieldDescriptor field, String text, int start, String after) {
      if (field.getType() == FieldDescriptor.Type.STRING) {
        return text.indexOf(after, start);
      }
      if (field.getType() == FieldDescriptor.Type.BOOL) {
        return start + (text.startsWith("true", start) ? "true" : "false").length();
      }
      int end = text.startsWith("-", start) ? start + 1 : start;
      while (end < text.length() && Character.isDigit(text.charAt(end))) {
        end++;
      }
      return end;
    }

    private static String text(FieldDescriptor field, Object value) {
      if (value instanceof EnumValueDescriptor found) {
        return Integer.toString(found.getNumber());
      }
      return switch (field.getType()) {
        case UINT32, FIXED32 -> Integer.toUnsignedString((Integer) value);
        case UINT64, FIXED64 -> Long.toUnsignedString((Long) value);
        default -> value.toString();
      };
    }

    private static Object value(FieldDescriptor field, String text) {
      return switch (field.getType()) {
        case STRING -> text;
        case BOOL -> Boolean.valueOf(text);
        case ENUM -> field.getEnumType().findValueByNumberCreatingIfUnknown(Integer.parseInt(text));
        case UINT32, FIXED32 -> Integer.parseUnsignedInt(text);
        case UINT64, FIXED64 -> Long.parseUnsignedLong(text);
        case INT64, SINT64, SFIXED64 -> Long.parseLong(text);
        default -> Integer.parseInt(text);
      };
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(prefix);
      for (int i = 0; i < fields.size(); i++) {
        text.append("{").append(fields.get(i).getName()).append("}").append(texts.get(i));
      }
      return text.toString();
    }
  }

  /**
   * A field of a message that holds the id of an awakeable.
   *
   * @param <M> the message
   * @param <T> what the awakeable is resolved with
   */
  public static final class AwakeableField<M extends Message, T extends Message> {
    private final FieldDescriptor field;
    private final Class<T> type;

    private AwakeableField(FieldDescriptor field, Class<T> type) {
      this.field = field;
      this.type = type;
    }

    static <M extends Message, T extends Message> AwakeableField<M, T> of(
        M prototype, String field, Class<T> type) {
      return new AwakeableField<>(prototype.getDescriptorForType().findFieldByName(field), type);
    }

    /** Makes an awakeable, whose id is for the field. */
    public Awakeable<T> awakeable(Context ctx) {
      return ctx.awakeable(type);
    }

    /**
     * Returns the id that a message holds.
     *
     * @throws IllegalArgumentException the field is empty, so that nobody waits
     */
    public String id(M message) {
      String id = (String) message.getField(field);
      if (id.isEmpty()) {
        throw new IllegalArgumentException(
            field + " is empty, so the sender of the message does not wait for an awakeable");
      }
      return id;
    }

    /** Resolves the awakeable whose id a message holds, in a handler. */
    public void resolve(Context ctx, M message, T value) {
      ctx.awakeableHandle(id(message)).resolve(type, value);
    }

    /** Rejects the awakeable whose id a message holds, in a handler. */
    public void reject(Context ctx, M message, String reason) {
      ctx.awakeableHandle(id(message)).reject(reason);
    }

    /** Resolves the awakeable whose id a message holds, outside of Restate. */
    public void resolve(Client client, M message, T value) {
      client.awakeableHandle(id(message)).resolve(type, value);
    }

    /** Rejects the awakeable whose id a message holds, outside of Restate. */
    public void reject(Client client, M message, String reason) {
      client.awakeableHandle(id(message)).reject(reason);
    }
  }
}
