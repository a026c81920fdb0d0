package v1

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func TestRequestsAreJudgedAsInPython(t *testing.T) {
	data, err := os.ReadFile("verdicts.json")
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []struct {
		Message protoreflect.FullName
		Request string
		Answer  string
		Rules   []string
	}
	if err := json.Unmarshal(data, &verdicts); err != nil {
		t.Fatal(err)
	}
	for _, each := range verdicts {
		type_, err := protoregistry.GlobalTypes.FindMessageByName(each.Message)
		if err != nil {
			t.Fatal(err)
		}
		request := type_.New().Interface()
		binary, err := hex.DecodeString(each.Request)
		if err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(binary, request); err != nil {
			t.Fatal(err)
		}
		code, told, _ := strings.Cut(each.Answer, " ")
		handler, _, _ := strings.Cut(told, ": ")
		called := false
		handle := restateValidated(handler, func(any, proto.Message) (any, error) {
			called = true
			return nil, nil
		})
		_, err = handle(nil, request)
		if each.Answer == "valid" {
			if err != nil || !called {
				t.Error(err)
			}
			continue
		}
		failure := restate.AsTerminalError(err)
		if failure == nil || called {
			t.Error(err)
			continue
		}
		if fmt.Sprint(failure.Code()) != code || failure.Code() != http.StatusBadRequest || failure.Message() != told {
			t.Errorf("%d %s instead of %s", failure.Code(), failure.Message(), each.Answer)
		}
		var detail validate.Violations
		if restateDetail(err, &detail) == nil {
			t.Error("no detail")
		}
		var rules []string
		for _, violation := range detail.GetViolations() {
			rules = append(rules, violation.GetRuleId())
		}
		if !slices.Equal(rules, each.Rules) {
			t.Errorf("%v instead of %v", rules, each.Rules)
		}
	}
}
