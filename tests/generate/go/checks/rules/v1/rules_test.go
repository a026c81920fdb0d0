package v1

import (
	"strings"
	"testing"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
)

func TestARuleThatIsWrongIsRetried(t *testing.T) {
	for _, request := range []proto.Message{&Ratio{}, &Wrong{}} {
		err := restateValidate("rules.v1.Rules/X", request)
		said := "rules.v1.Rules/X: a rule of buf.validate has to be corrected: "
		if err == nil || restate.IsTerminalError(err) || !strings.HasPrefix(err.Error(), said) {
			t.Error(err)
		}
	}
	if err := restateValidate("rules.v1.Rules/Divide", &Ratio{By: 1}); err != nil {
		t.Error(err)
	}
}
