package v1

import (
	"errors"
	"fmt"
	"testing"

	restate "github.com/restatedev/sdk-go"
)

func TestAnErrorTravelsWithItsDetail(t *testing.T) {
	var failure error = NewSoldOutError(&SoldOut{Left: 7}, "none left")
	sent := restate.AsTerminalError(failure) // what the SDK makes of an error that is returned
	if sent.Code() != 409 || sent.Message() != "none left" {
		t.Error(sent.Code(), sent.Message())
	}
	if detail := sent.Metadata().Get("restatepb.detail/golden.errors.v1.SoldOut"); detail != "CAc=" {
		t.Error(detail)
	}
	metadata := restate.WithMetadataMap(sent.Metadata().ToMap())
	arrived := restate.ToTerminalError(errors.New("none left"), restate.WithErrorCode(409), metadata)
	for _, each := range []error{failure, arrived, fmt.Errorf("wrapped: %w", arrived)} {
		found := AsSoldOutError(each)
		if found == nil || found.Detail.Left != 7 || found.Error() != "none left" || found.Code() != 409 {
			t.Error(found)
		}
		if busy := AsBusyError(each); busy != nil {
			t.Error(busy)
		}
	}
	bad := restate.WithMetadata("restatepb.detail/golden.errors.v1.SoldOut", "no base64")
	others := []error{nil, errors.New("x"), restate.TerminalErrorf("x"), restate.ToTerminalError(errors.New("x"), bad)}
	for _, each := range others {
		if found := AsSoldOutError(each); found != nil {
			t.Error(found)
		}
	}
}
