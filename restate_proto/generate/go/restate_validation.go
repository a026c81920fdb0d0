package PACKAGE

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
)

// A failure travels with the journal and the answer: what is said in it stays bounded.
const (
	restateMostViolations = 100
	restateMostShown      = 20
)

// restateValidated returns a handler that refuses a request that breaks a rule of buf.validate.
func restateValidated[C any, I proto.Message, O any](
	name string, handle func(C, I) (O, error),
) func(C, I) (O, error) {
	return func(ctx C, request I) (O, error) {
		if err := restateValidate(name, request); err != nil {
			var none O
			return none, err
		}
		return handle(ctx, request)
	}
}

// restateValidate returns an error with code 400 and the violations as its detail if a request breaks
// a rule. A rule that is wrong, or cannot be evaluated for the request, is an error that is retried.
func restateValidate(name string, request proto.Message) error {
	err := protovalidate.Validate(request)
	if err == nil {
		return nil
	}
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("%s: a rule of buf.validate has to be corrected: %w", name, err)
	}
	violations := invalid.ToProto()
	found := violations.GetViolations()
	violations.SetViolations(found[:min(len(found), restateMostViolations)])
	message := fmt.Sprintf("%s: invalid request: %s", name, restateViolations(found))
	return restateFailure(violations, message, http.StatusBadRequest)
}

func restateViolations(found []*validate.Violation) string {
	shown := make([]string, 0, restateMostShown)
	for _, each := range found[:min(len(found), restateMostShown)] {
		shown = append(shown, restateViolation(each))
	}
	text := strings.Join(shown, "; ")
	if more := len(found) - len(shown); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

func restateViolation(violation *validate.Violation) string {
	where := restatePath(violation.GetField().GetElements())
	if violation.GetForKey() {
		where = "the key " + where
	}
	what := violation.GetMessage()
	if what == "" {
		what = "breaks the rule " + violation.GetRuleId()
	}
	if where == "" {
		return what
	}
	return where + ": " + what
}

// restatePath returns a path as protovalidate writes it: `items[2].labels["a"].name`.
func restatePath(elements []*validate.FieldPathElement) string {
	parts := make([]string, 0, len(elements))
	for _, each := range elements {
		parts = append(parts, each.GetFieldName()+restateSubscript(each))
	}
	return strings.Join(parts, ".")
}

var restateInQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func restateSubscript(element *validate.FieldPathElement) string {
	text := ""
	switch element.WhichSubscript() {
	case validate.FieldPathElement_Index_case:
		text = strconv.FormatUint(element.GetIndex(), 10)
	case validate.FieldPathElement_BoolKey_case:
		text = strconv.FormatBool(element.GetBoolKey())
	case validate.FieldPathElement_IntKey_case:
		text = strconv.FormatInt(element.GetIntKey(), 10)
	case validate.FieldPathElement_UintKey_case:
		text = strconv.FormatUint(element.GetUintKey(), 10)
	case validate.FieldPathElement_StringKey_case:
		text = `"` + restateInQuotes.Replace(element.GetStringKey()) + `"`
	default:
		return ""
	}
	return "[" + text + "]"
}
