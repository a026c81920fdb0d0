package hostile

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

func TestTextsAreThoseOfTheContract(t *testing.T) {
	data, err := os.ReadFile("texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	key, err := HostileKeyFormat.Format(&Key{A: "a", B: -1, C: "c", D: "d"})
	if err != nil {
		t.Fatal(err)
	}
	state := HostileStateKeys
	got := []string{
		state.AThrow1.name, state.BXXX.name, state.CX.name, state.D.name, state.EU0022X22042.name,
		state.FSXS0X.name, state.G.name, state.H.name, state.I.name, state.J.name,
		FlowPromiseKeys.AX.name, key,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the texts are %q, not %q", got, want)
	}
}
