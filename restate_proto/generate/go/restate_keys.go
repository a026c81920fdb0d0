package PACKAGE

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// restateState is a piece of state: a name, and the message that is kept under it.
type restateState[T proto.Message] struct {
	name  string
	codec restateMessages
}

// Get returns the message; nil if there is none.
func (s restateState[T]) Get(ctx restate.ObjectSharedContext) (T, restate.TerminalError) {
	return restate.Get[T](ctx, s.name, restate.WithCodec(s.codec))
}

func (s restateState[T]) Set(ctx restate.ObjectContext, message T) {
	restate.Set(ctx, s.name, message, restate.WithCodec(s.codec))
}

func (s restateState[T]) Clear(ctx restate.ObjectContext) {
	restate.Clear(ctx, s.name)
}

// restatePromise is a durable promise of a workflow: a name, and the message that resolves it.
type restatePromise[T proto.Message] struct {
	name  string
	codec restateMessages
}

// Of returns the promise of the workflow that a context belongs to.
func (p restatePromise[T]) Of(ctx restate.WorkflowSharedContext) restate.DurablePromise[T] {
	return restate.Promise[T](ctx, p.name, restate.WithCodec(p.codec))
}

// restateSignal is a named signal: a name, and the message that it carries.
type restateSignal[T proto.Message] struct {
	name  string
	codec restateMessages
}

// Wait returns the future of the signal to the invocation that a context belongs to.
func (s restateSignal[T]) Wait(ctx restate.Context) restate.SignalFuture[T] {
	return restate.Signal[T](ctx, s.name, restate.WithCodec(s.codec))
}

// Resolve sends the signal to an invocation.
func (s restateSignal[T]) Resolve(ctx restate.Context, invocationID string, message T) {
	restate.ResolveSignal(ctx, invocationID, s.name, message, restate.WithCodec(s.codec))
}

// Reject makes the wait for the signal fail with an error.
func (s restateSignal[T]) Reject(ctx restate.Context, invocationID string, reason error) {
	restate.RejectSignal(ctx, invocationID, s.name, reason)
}

// restateKeys decides which texts are keys.
type restateKeys interface{ check(key string) error }

// restateKeyed returns a handler that refuses a text that is not a key.
func restateKeyed[C restate.ObjectSharedContext, I, O any](
	name string, keys restateKeys, handle func(C, I) (O, error),
) func(C, I) (O, error) {
	return func(ctx C, request I) (O, error) {
		if err := keys.check(restate.Key(ctx)); err != nil {
			var none O
			err = fmt.Errorf("%s: bad key: %w", name, err)
			return none, restate.ToTerminalError(err, restate.WithErrorCode(http.StatusBadRequest))
		}
		return handle(ctx, request)
	}
}

// restateFixedKey is the only key of an object that exists once.
type restateFixedKey string

func (k restateFixedKey) check(key string) error {
	if key != string(k) {
		return fmt.Errorf("%q is not %q, the only key of this object", key, string(k))
	}
	return nil
}

// restateKeyFormat is the format of an object's keys, or of a workflow's ids.
type restateKeyFormat[M proto.Message] struct {
	prefix string
	fields []restateKeyField
}

// restateKeyField is a field of the message by its name, and the text that follows it.
type restateKeyField struct {
	name  protoreflect.Name
	after string
}

// Of returns the key of the invocation that a context belongs to.
func (f restateKeyFormat[M]) Of(ctx restate.ObjectSharedContext) M {
	key, err := f.Parse(restate.Key(ctx))
	if err != nil {
		panic(err) // no handler of the service runs with such a key
	}
	return key
}

// Format returns the text of a key. It is an error if a string in it contains the text that follows
// it, or if there is no text.
func (f restateKeyFormat[M]) Format(key M) (string, error) {
	values := key.ProtoReflect()
	text := f.prefix
	for i, part := range f.fields {
		field := values.Descriptor().Fields().ByName(part.name)
		value := values.Get(field).String()
		if field.Kind() == protoreflect.EnumKind {
			value = strconv.Itoa(int(values.Get(field).Enum()))
		}
		mayBeAnything := i == len(f.fields)-1 || field.Kind() != protoreflect.StringKind
		if !mayBeAnything && strings.Index(value+part.after, part.after) != len(value) {
			return "", fmt.Errorf(
				"%s is %q, so the %q that follows it in the key %s would be found too early; "+
					"write a value without it",
				part.name, value, part.after, f,
			)
		}
		text += value + part.after
	}
	if text == "" {
		return "", fmt.Errorf("%s is empty, and a key must not be", f.fields[len(f.fields)-1].name)
	}
	return text, nil
}

// Parse returns the message that a key was made from.
func (f restateKeyFormat[M]) Parse(text string) (M, error) {
	if key, ok := f.read(text); ok {
		return key, nil
	}
	var none M
	return none, fmt.Errorf("%q does not have the form %q", text, f)
}

func (f restateKeyFormat[M]) String() string {
	text := f.prefix
	for _, part := range f.fields {
		text += "{" + string(part.name) + "}" + part.after
	}
	return text
}

func (f restateKeyFormat[M]) check(key string) error {
	_, err := f.Parse(key)
	return err
}

// read returns the message of a text; false if the text is not the only way to write that message.
func (f restateKeyFormat[M]) read(text string) (key M, ok bool) {
	values := key.ProtoReflect().New()
	rest, ok := strings.CutPrefix(text, f.prefix)
	for i := 0; ok && i < len(f.fields); i++ {
		part := f.fields[i]
		field := values.Descriptor().Fields().ByName(part.name)
		end := restateEnd(field, rest, part.after)
		if i == len(f.fields)-1 {
			end = len(rest) - len(part.after)
		}
		if ok = end >= 0; !ok {
			break
		}
		var value protoreflect.Value
		if value, ok = restateValue(field, rest[:end]); ok {
			values.Set(field, value)
			rest, ok = strings.CutPrefix(rest[end:], part.after)
		}
	}
	key = values.Interface().(M)
	written, err := f.Format(key)
	return key, ok && err == nil && written == text
}

var restateNumber = regexp.MustCompile(`^-?\d+`)

// restateEnd returns where the text of a field ends, by the text that follows it.
func restateEnd(field protoreflect.FieldDescriptor, text, after string) int {
	switch field.Kind() {
	case protoreflect.StringKind:
		return strings.Index(text, after)
	case protoreflect.BoolKind:
		if strings.HasPrefix(text, "true") {
			return len("true")
		}
		return min(len("false"), len(text))
	}
	return len(restateNumber.FindString(text))
}

// restateValue returns the value of a field; false if the text is not one.
func restateValue(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, bool) {
	switch kind := field.Kind(); kind {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), true
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(text == "true"), true
	case protoreflect.EnumKind:
		number, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(number)), err == nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		number, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(number)), err == nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		number, err := strconv.ParseUint(text, 10, 32)
		return protoreflect.ValueOfUint32(uint32(number)), err == nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		number, err := strconv.ParseUint(text, 10, 64)
		return protoreflect.ValueOfUint64(number), err == nil
	default:
		number, err := strconv.ParseInt(text, 10, 64)
		return protoreflect.ValueOfInt64(number), err == nil
	}
}

// restateAwakeable is a field of a message that holds the id of an awakeable.
type restateAwakeable[M, T proto.Message] struct{ field protoreflect.Name }

// Awakeable makes an awakeable; its id is for the field.
func (restateAwakeable[M, T]) Awakeable(ctx restate.Context) restate.AwakeableFuture[T] {
	return restate.Awakeable[T](ctx, WithProto)
}

// ID returns the id that a message holds. It is an error if there is none, because then nobody waits.
func (a restateAwakeable[M, T]) ID(message M) (string, error) {
	values := message.ProtoReflect()
	field := values.Descriptor().Fields().ByName(a.field)
	if id := values.Get(field).String(); id != "" {
		return id, nil
	}
	return "", fmt.Errorf(
		"%s is empty, so the sender of the message does not wait for an awakeable", field.FullName(),
	)
}

// Resolve resolves the awakeable whose id a message holds.
func (a restateAwakeable[M, T]) Resolve(ctx restate.Context, message M, value T) error {
	id, err := a.ID(message)
	if err == nil {
		restate.ResolveAwakeable(ctx, id, value, WithProto)
	}
	return err
}

// Reject rejects the awakeable whose id a message holds.
func (a restateAwakeable[M, T]) Reject(ctx restate.Context, message M, reason error) error {
	id, err := a.ID(message)
	if err == nil {
		restate.RejectAwakeable(ctx, id, reason)
	}
	return err
}
