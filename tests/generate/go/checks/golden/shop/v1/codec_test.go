package v1

import (
	"encoding/json"
	"errors"
	"iter"
	"testing"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// invocation is a context as far as the generated code looks at it.
type invocation struct {
	restate.MockableContext
	request restate.Request
}

func (i invocation) Request() *restate.Request { return &i.request }

func TestMessagesAreReadInEitherEncoding(t *testing.T) {
	tickets := &TicketList{Tickets: []*Ticket{{Id: "A1"}}}
	inBinary, inJSON := write(t, restateBinary, tickets), write(t, restateJSON, tickets)
	if string(inJSON) != `{"tickets":[{"id":"A1"}]}` {
		t.Errorf("%s", inJSON)
	}
	later := []byte(`{"tickets": [{"id": "A1", "later": 1}]}`)
	for _, codec := range []restateMessages{restateBinary, restateJSON} {
		for _, data := range [][]byte{inBinary, inJSON, later} {
			var read *TicketList
			if err := codec.Unmarshal(data, &read); err != nil || !proto.Equal(read, tickets) {
				t.Errorf("%q is read as %v (%v)", data, read, err)
			}
		}
		var nothing *TicketList
		if err := codec.Unmarshal(nil, &nothing); err != nil || nothing == nil {
			t.Error(err)
		}
		if err := codec.Unmarshal([]byte("\xff"), &nothing); err == nil {
			t.Error("it is no message")
		}
	}
}

func TestWhatIsNoObjectInJSON(t *testing.T) {
	list, err := structpb.NewValue([]any{1.0, "x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []proto.Message{list, wrapperspb.Bool(true), wrapperspb.String("{"), wrapperspb.Int64(22)} {
		for _, codec := range []restateMessages{restateBinary, restateJSON} {
			data := write(t, codec, message)
			read := message.ProtoReflect().New().Interface()
			for _, other := range []restateMessages{restateBinary, restateJSON} {
				if err := other.Unmarshal(data, read); err != nil || !proto.Equal(read, message) {
					t.Errorf("%q is read as %v (%v)", data, read, err)
				}
			}
		}
	}
}

func TestMapsAreWrittenInOrder(t *testing.T) {
	fields := map[string]any{}
	for _, name := range "abcdefghij" {
		fields[string(name)] = true
	}
	message, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	first := write(t, restateBinary, message)
	for range 20 {
		if again := write(t, restateBinary, message); string(again) != string(first) {
			t.Fatalf("%q is not %q", again, first)
		}
	}
}

func write(t *testing.T, codec restateMessages, message proto.Message) []byte {
	t.Helper()
	data, err := codec.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// contentType returns headers, whose type the SDK does not export.
func contentType(value string) headers {
	return restate.ToTerminalError(errors.New(""), restate.WithMetadata("content-type", value)).Metadata()
}

type headers = interface {
	Get(key string) string
	Iter() iter.Seq2[string, string]
	ToMap() map[string]string
	json.Marshaler
}

func TestHandlersAnswerAsTheyAreAsked(t *testing.T) {
	show := func(restate.Context, *TicketList) (*TicketList, error) { return &TicketList{}, nil }
	for _, codec := range []restateMessages{restateBinary, restateJSON} {
		handler := restateServe(codec, codec, show)
		for _, asked := range []struct{ contentType, body, want string }{
			{"application/json; charset=utf-8", "", "{}"},
			{"application/protobuf", "", ""},
			{"Application/Vnd.x+JSON", "{}", "{}"},
			{"", "{}", "{}"},
			{"", "\n\x04\n\x02A1", ""},
		} {
			request := restate.Request{Body: []byte(asked.body), Headers: contentType(asked.contentType)}
			ctx := restate.WithMockContext(invocation{request: request})
			response, err := handler(ctx, restateRequest[*TicketList]{})
			if err != nil {
				t.Fatal(err)
			}
			data, err := response.RestateMarshal(nil)
			if err != nil || string(data) != asked.want {
				t.Errorf("%v is answered %q (%v)", asked, data, err)
			}
		}
	}
}

func TestAMessageWithNothingInItGoesInJSON(t *testing.T) {
	for _, each := range []struct {
		payload restatePayload
		request any
		want    restateBody
	}{
		{restateBinary, &TicketList{}, restateBody{[]byte("{}"), "application/json"}},
		{restateBinary, &emptypb.Empty{}, restateBody{[]byte{}, "application/protobuf"}},
		{restateJSON, &emptypb.Empty{}, restateBody{[]byte("{}"), "application/json"}},
		{restateBytes("image/png"), []byte{}, restateBody{[]byte{}, "image/png"}},
	} {
		body, err := restateBodyOf(each.payload, each.request)
		if err != nil || string(body.data) != string(each.want.data) || body.contentType != each.want.contentType {
			t.Errorf("%v is sent as %v (%v)", each.request, body, err)
		}
	}
}
