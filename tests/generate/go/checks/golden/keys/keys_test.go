package keys

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
)

// invocation is a context as far as the generated code looks at it.
type invocation struct {
	restate.MockableContext
	key string
}

func (i invocation) Key() string { return i.key }

func (i invocation) Request() *restate.Request {
	return &restate.Request{Headers: restate.TerminalErrorf("").Metadata()} // none
}

func TestKeysAreThoseOfPython(t *testing.T) {
	data, err := os.ReadFile("keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var drawn struct {
		Format [][4]json.RawMessage
		Parse  [][2]json.RawMessage
	}
	if err := json.Unmarshal(data, &drawn); err != nil {
		t.Fatal(err)
	}
	for _, each := range drawn.Format {
		key, want := keyOf(t, each[0], each[1], each[2]), textOf(t, each[3])
		got, err := QueueKeyFormat.Format(key)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%v is written %q (%v), not %q", key, got, err, want)
		}
	}
	for _, each := range drawn.Parse {
		text := textOf(t, each[0])
		var parts []json.RawMessage
		if err := json.Unmarshal(each[1], &parts); err != nil {
			t.Fatal(err)
		}
		key, err := QueueKeyFormat.Parse(text)
		if parts == nil {
			want := fmt.Sprintf("%q does not have the form %q", text, "{class}/{{kind}}/{appId}")
			if err == nil || err.Error() != want {
				t.Errorf("%q is read as %v (%v)", text, key, err)
			}
			continue
		}
		if want := keyOf(t, parts[0], parts[1], parts[2]); !proto.Equal(key, want) {
			t.Errorf("%q is read as %v (%v), not %v", text, key, err, want)
		}
	}
}

func keyOf(t *testing.T, class, kind, appID json.RawMessage) *QueueKey {
	t.Helper()
	key := &QueueKey{Class: textOf(t, class)}
	if json.Unmarshal(kind, &key.Kind) != nil || json.Unmarshal(appID, &key.AppId) != nil {
		t.Fatalf("%s and %s are no numbers", kind, appID)
	}
	return key
}

func textOf(t *testing.T, data json.RawMessage) (text string) {
	t.Helper()
	if err := json.Unmarshal(data, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheOnlyKey(t *testing.T) {
	keys := restateFixedKey(SettingsKey)
	if err := keys.check("main"); err != nil {
		t.Error(err)
	}
	want := `"other" is not "main", the only key of this object`
	if err := keys.check("other"); err == nil || err.Error() != want {
		t.Errorf("%v, not %s", err, want)
	}
}

func TestWhatIsNoKeyIsRefusedBeforeTheHandler(t *testing.T) {
	handler := restateServe(restateBinary, restateBinary, restateKeyed(
		"golden.keys.Queue/Push",
		QueueKeyFormat,
		func(ctx restate.ObjectContext, _ *M) (*M, error) {
			t.Errorf("%v has arrived", QueueKeyFormat.Of(ctx))
			return nil, nil
		},
	))
	_, err := handler(restate.WithMockContext(invocation{key: "bad"}), restateRequest[*M]{})
	failure := restate.AsTerminalError(err)
	want := `golden.keys.Queue/Push: bad key: "bad" does not have the form "{class}/{{kind}}/{appId}"`
	if failure == nil || failure.Code() != 400 || failure.Message() != want {
		t.Errorf("%v, not %s", err, want)
	}
}

func TestClientsTakeAKeyThatIsOne(t *testing.T) {
	if _, err := NewQueueClient(nil, &QueueKey{Class: "a"}); err != nil {
		t.Error(err)
	}
	if _, err := NewQueueIngressClient(nil, &QueueKey{Class: "a/{b"}); err == nil {
		t.Error("a string may not hold what follows it")
	}
	if client := NewSettingsClient(nil).(settingsClient); client.key != "main" {
		t.Error(client.key)
	}
}
