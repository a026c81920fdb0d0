package main

import (
	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/encoding"
	"google.golang.org/protobuf/types/known/emptypb"

	valuesv1 "polyglot/generated/polyglot/values/v1"
)

// codecOption is what WithProto and WithProtoJSON are, for state and promises.
type codecOption interface {
	restate.GetOption
	restate.SetOption
	restate.PromiseOption
	restate.AttachOption
}

var _ codecOption = restate.WithCodec(encoding.ProtoCodec)

// mirror is Mirror and JsonMirror: to Go they are the same interface.
type mirror struct{ encoding string }

func (m mirror) Reflect(_ restate.Context, values *valuesv1.Values) (*valuesv1.View, error) {
	return view(values, m.encoding, ""), nil
}

// locker is Locker and JsonLocker.
type locker struct {
	encoding string
	codec    codecOption
}

func (l locker) Keep(ctx restate.ObjectContext, values *valuesv1.Values) (*valuesv1.View, error) {
	restate.Set(ctx, "kept", values, l.codec)
	return view(values, l.encoding, restate.Key(ctx)), nil
}

func (l locker) Look(ctx restate.ObjectSharedContext, _ *emptypb.Empty) (*valuesv1.View, error) {
	kept, err := restate.Get[*valuesv1.Values](ctx, "kept", l.codec)
	if err != nil {
		return nil, err
	}
	return view(kept, l.encoding, restate.Key(ctx)), nil
}

// journey is Journey and JsonJourney.
type journey struct {
	encoding string
	codec    codecOption
}

func (j journey) Run(ctx restate.WorkflowContext, values *valuesv1.Values) (*valuesv1.View, error) {
	arrived := restate.Promise[*valuesv1.Values](ctx, "arrived", j.codec)
	if err := arrived.Resolve(values); err != nil {
		return nil, err
	}
	return view(values, j.encoding, restate.Key(ctx)), nil
}

func (j journey) Arrived(ctx restate.WorkflowSharedContext, _ *emptypb.Empty) (*valuesv1.View, error) {
	arrived, err := restate.Promise[*valuesv1.Values](ctx, "arrived", j.codec).Result()
	if err != nil {
		return nil, err
	}
	return view(arrived, j.encoding, restate.Key(ctx)), nil
}

func view(values *valuesv1.Values, encoding, key string) *valuesv1.View {
	return &valuesv1.View{
		Values:   values,
		Fields:   read(values),
		Language: "go",
		Encoding: encoding,
		Key:      key,
	}
}
