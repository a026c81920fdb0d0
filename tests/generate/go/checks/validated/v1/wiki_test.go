package v1

import (
	"testing"

	"google.golang.org/protobuf/proto"
)

func TestARuleOfTheContractItself(t *testing.T) {
	if err := restateValidate("validated.v1.Wiki/Write", &Page{Title: proto.String("good")}); err != nil {
		t.Error(err)
	}
	err := restateValidate("validated.v1.Wiki/Write", &Page{Title: proto.String("Bad")})
	said := "validated.v1.Wiki/Write: invalid request: title: must be a slug"
	if err == nil || err.Error() != said {
		t.Error(err)
	}
}
