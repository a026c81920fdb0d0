package PACKAGE

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/encoding"
	"github.com/restatedev/sdk-go/ingress"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// WithProto writes messages in protobuf binary, with the entries of maps sorted, so that a
// replay writes the same bytes. It reads ProtoJSON as well.
var WithProto = restate.WithCodec(restateBinary)

// WithProtoJSON writes messages in ProtoJSON. It reads protobuf binary as well, and ignores
// unknown fields.
var WithProtoJSON = restate.WithCodec(restateJSON)

var (
	restateBinary = restateMessages{}
	restateJSON   = restateMessages{inJSON: true}
)

// restateEither is the content type of answers that may be in either encoding: the ingress says one
// of all answers of a handler.
const restateEither = "application/protobuf+json"

var restateBinaryTypes = []string{
	"THE_BINARY_TYPES",
}

var restateJSONTypes = []string{
	"THE_JSON_TYPES",
}

// restateNoObjects are the messages whose ProtoJSON is not an object.
var restateNoObjects = []protoreflect.FullName{
	"THE_NO_OBJECTS",
}

// restatePayload is the codec of a request or a response.
type restatePayload interface {
	encoding.Codec
	encoding.CodecMetadata

	// read reads a request, and returns the codec for its encoding.
	read(request *restate.Request, value any) (restatePayload, error)

	// answering returns the codec for the response to a request that was read with a codec.
	answering(asked restatePayload) restatePayload

	// accepted is the content type of accepted requests, and answered that of responses.
	accepted() string
	answered() string
}

// restateMessages writes messages in one encoding, and reads them in either.
type restateMessages struct{ inJSON bool }

func (m restateMessages) Marshal(value any) ([]byte, error) {
	message, ok := value.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a message", value)
	}
	if !m.inJSON {
		return proto.MarshalOptions{Deterministic: true}.Marshal(message)
	}
	data, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	// Builds of protojson differ in their spaces, but a replay has to write the same bytes.
	var compact bytes.Buffer
	err = json.Compact(&compact, data)
	return compact.Bytes(), err
}

func (m restateMessages) Unmarshal(data []byte, value any) error {
	message, err := restateMessage(value)
	if err != nil {
		return err
	}
	return m.seen(message, data).decode(data, message)
}

func (m restateMessages) ContentType() string {
	if m.inJSON {
		return restateJSONTypes[0]
	}
	return restateBinaryTypes[0]
}

func (m restateMessages) JsonSchema(value any) any {
	if _, isEmpty := value.(*emptypb.Empty); isEmpty || !m.inJSON {
		return nil
	}
	return encoding.ProtoJSONCodec.(encoding.CodecMetadata).JsonSchema(value)
}

// InputRequired is false, as a message without a field that is set has zero bytes.
func (restateMessages) InputRequired() bool { return false }

// SetContentTypeIfEmpty is true, as such a message is an answer.
func (restateMessages) SetContentTypeIfEmpty() bool { return true }

func (m restateMessages) read(request *restate.Request, value any) (restatePayload, error) {
	message, err := restateMessage(value)
	if err != nil {
		return nil, err
	}
	var asked restateMessages
	essence, _, _ := strings.Cut(strings.ToLower(request.Headers.Get("content-type")), ";")
	switch essence = strings.TrimSpace(essence); {
	case slices.Contains(restateBinaryTypes, essence):
		asked = restateBinary
	case slices.Contains(restateJSONTypes, essence) || strings.HasSuffix(essence, "+json"):
		asked = restateJSON
	default:
		asked = m.seen(message, request.Body)
	}
	return asked, asked.decode(request.Body, message)
}

func (m restateMessages) answering(asked restatePayload) restatePayload {
	if messages, ok := asked.(restateMessages); ok {
		return messages
	}
	return m
}

func (restateMessages) accepted() string { return "*/*" }

func (m restateMessages) answered() string {
	if m.inJSON {
		return m.ContentType()
	}
	return restateEither
}

// seen returns the encoding of a payload whose bytes alone show it.
func (m restateMessages) seen(message proto.Message, data []byte) restateMessages {
	if len(data) == 0 {
		return m
	}
	descriptor := message.ProtoReflect().Descriptor()
	switch first := data[0]; {
	case first == '{': // or a group with the number 15
		field := descriptor.Fields().ByNumber(15)
		mayBeBinary := field != nil && field.Kind() == protoreflect.GroupKind
		return restateMessages{inJSON: !mayBeBinary || json.Valid(data)}
	case slices.Contains(restateNoObjects, descriptor.FullName()):
		beginsJSON := strings.IndexByte(`["tfn-0123456789`, first) >= 0
		// "2" is also a list in a google.protobuf.Value.
		return restateMessages{inJSON: beginsJSON && (first != '2' || json.Valid(data))}
	}
	return restateBinary
}

func (m restateMessages) decode(data []byte, message proto.Message) error {
	if m.inJSON && len(data) > 0 {
		return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, message)
	}
	return proto.Unmarshal(data, message)
}

// restateMessage returns the message to read into: the value, or a new message for the pointer that it is.
func restateMessage(value any) (proto.Message, error) {
	if message, ok := value.(proto.Message); ok {
		return message, nil
	}
	pointer := reflect.ValueOf(value)
	if pointer.Kind() == reflect.Pointer && pointer.Type().Elem().Kind() == reflect.Pointer {
		made := reflect.New(pointer.Type().Elem().Elem())
		if message, ok := made.Interface().(proto.Message); ok {
			pointer.Elem().Set(made)
			return message, nil
		}
	}
	return nil, fmt.Errorf("%T is not a pointer to a message", value)
}

// restateBytes is the codec of raw bytes, by their content type.
type restateBytes string

func (restateBytes) Marshal(value any) ([]byte, error) { return value.([]byte), nil }

func (restateBytes) Unmarshal(data []byte, value any) error {
	*value.(*[]byte) = data
	return nil
}

// ContentType is empty if the caller has to give it, with restate.WithHeaders.
func (b restateBytes) ContentType() string {
	switch {
	case b == "*/*":
		return "application/octet-stream"
	case strings.HasSuffix(string(b), "/*"):
		return ""
	}
	return string(b)
}

func (restateBytes) JsonSchema(any) any { return nil }

func (b restateBytes) read(request *restate.Request, value any) (restatePayload, error) {
	return b, b.Unmarshal(request.Body, value)
}

func (b restateBytes) answering(restatePayload) restatePayload { return b }

func (b restateBytes) accepted() string { return string(b) }

func (b restateBytes) answered() string { return string(b) }

// restateRequest stands for a request that restate.Request reads, because that knows its content type.
type restateRequest[I any] struct{}

func (restateRequest[I]) RestateUnmarshal(encoding.Codec, []byte) error { return nil }

func (restateRequest[I]) InputPayload(codec encoding.Codec) *encoding.InputPayload {
	var value I
	payload := codec.(restatePayload)
	accepted := payload.accepted()
	return &encoding.InputPayload{ContentType: &accepted, JsonSchema: payload.JsonSchema(value)}
}

// restateResponse is a response, with the codec of the request.
type restateResponse[O any] struct {
	value   O
	payload restatePayload
}

func (r restateResponse[O]) RestateMarshal(encoding.Codec) ([]byte, error) {
	return r.payload.Marshal(r.value)
}

func (restateResponse[O]) OutputPayload(codec encoding.Codec) *encoding.OutputPayload {
	var value O
	payload := codec.(restatePayload)
	answered := payload.answered()
	return &encoding.OutputPayload{
		ContentType:           &answered,
		SetContentTypeIfEmpty: true,
		JsonSchema:            payload.JsonSchema(value),
	}
}

// restateServe returns a handler that reads requests in either encoding, and answers in the same.
func restateServe[C restate.Context, I, O any](
	in, out restatePayload, handle func(C, I) (O, error),
) func(C, restateRequest[I]) (restateResponse[O], error) {
	return func(ctx C, _ restateRequest[I]) (restateResponse[O], error) {
		var request I
		var response restateResponse[O]
		asked, err := in.read(ctx.Request(), &request)
		if err != nil {
			err = fmt.Errorf("the request cannot be read: %w", err)
			return response, restate.ToTerminalError(err, restate.WithErrorCode(http.StatusBadRequest))
		}
		response.payload = out.answering(asked)
		response.value, err = handle(ctx, request)
		return response, err
	}
}

// restateClientOptions returns the options of a client, those of its caller last.
func restateClientOptions(in, out restatePayload, given ...[]restate.ClientOption) []restate.ClientOption {
	codecs := []restate.ClientOption{restate.WithInputCodec(in), restate.WithOutputCodec(out)}
	return append(codecs, slices.Concat(given...)...)
}

// restateBody is the body of a request from outside.
type restateBody struct {
	data        []byte
	contentType string
}

var (
	_ encoding.RestateMarshaler   = restateBody{}
	_ encoding.RestateUnmarshaler = restateBody{} // whose InputPayload has the content type
)

func (b restateBody) RestateMarshal(encoding.Codec) ([]byte, error) { return b.data, nil }

func (restateBody) OutputPayload(encoding.Codec) *encoding.OutputPayload { return nil }

func (restateBody) RestateUnmarshal(encoding.Codec, []byte) error { return nil }

func (b restateBody) InputPayload(encoding.Codec) *encoding.InputPayload {
	if len(b.data) == 0 || b.contentType == "" {
		return &encoding.InputPayload{}
	}
	return &encoding.InputPayload{ContentType: &b.contentType}
}

// restateBodyOf writes a request. A binary message without a field that is set has zero bytes, which the
// ingress refuses with a content type where a service has JSON Schemas, and without one where its
// language wants requests: it goes in JSON, which handlers read as well. google.protobuf.Empty is nothing.
func restateBodyOf(in restatePayload, request any) (restateBody, error) {
	data, err := in.Marshal(request)
	if _, isEmpty := request.(*emptypb.Empty); err == nil && len(data) == 0 && !isEmpty && in == restateBinary {
		in = restateJSON
		data, err = in.Marshal(request)
	}
	return restateBody{data, in.ContentType()}, err
}

// restateRequester calls a handler from outside.
type restateRequester[I, O any] struct {
	in    restatePayload
	inner ingress.Requester[restateBody, O]
}

// restateRequesterOf returns the requester of a handler; the key is empty in a plain service.
func restateRequesterOf[I, O any](
	client *ingress.Client, in, out restatePayload, service, key, handler string,
) restateRequester[I, O] {
	var escaped *string
	if key != "" {
		segment := url.PathEscape(key) // the SDK puts it into a path as it is
		escaped = &segment
	}
	codec := encoding.Codec(out)
	inner := ingress.NewRequester[restateBody, O](client, service, handler, escaped, &codec)
	return restateRequester[I, O]{in, inner}
}

func (r restateRequester[I, O]) Request(
	ctx context.Context, request I, options ...ingress.RequestOption,
) (response O, err error) {
	body, err := restateBodyOf(r.in, request)
	if err != nil {
		return response, err
	}
	return r.inner.Request(ctx, body, options...)
}

func (r restateRequester[I, O]) Send(
	ctx context.Context, request I, options ...ingress.SendOption,
) (ingress.SendResponse[O], error) {
	body, err := restateBodyOf(r.in, request)
	if err != nil {
		return nil, err
	}
	return r.inner.Send(ctx, body, options...)
}

// restateRunOf returns the handle of a workflow's run.
func restateRunOf[O any](
	client *ingress.Client, out restatePayload, service, workflowID string,
) ingress.InvocationHandle[O] {
	return ingress.WorkflowHandle[O](client, service, url.PathEscape(workflowID), restate.WithCodec(out))
}
