package main

import (
	restate "github.com/restatedev/sdk-go"

	golangv1 "polyglot/generated/polyglot/golang/v1"
	valuesv1 "polyglot/generated/polyglot/values/v1"
)

type mirror struct{}

func (mirror) Reflect(_ restate.Context, values *valuesv1.Values) (*valuesv1.View, error) {
	return view(values, "binary", ""), nil
}

type locker struct{}

func (locker) Keep(ctx restate.ObjectContext, values *valuesv1.Values) (*valuesv1.View, error) {
	golangv1.LockerStateKeys.Kept.Set(ctx, values)
	return view(values, "binary", restate.Key(ctx)), nil
}

func (locker) Look(ctx restate.ObjectSharedContext) (*valuesv1.View, error) {
	kept, err := golangv1.LockerStateKeys.Kept.Get(ctx)
	if err != nil {
		return nil, err
	}
	return view(kept, "binary", restate.Key(ctx)), nil
}

type journey struct{}

func (journey) Run(ctx restate.WorkflowContext, values *valuesv1.Values) (*valuesv1.View, error) {
	if err := golangv1.JourneyPromiseKeys.Arrived.Of(ctx).Resolve(values); err != nil {
		return nil, err
	}
	return view(values, "binary", restate.Key(ctx)), nil
}

func (journey) Arrived(ctx restate.WorkflowSharedContext) (*valuesv1.View, error) {
	arrived, err := golangv1.JourneyPromiseKeys.Arrived.Of(ctx).Result()
	if err != nil {
		return nil, err
	}
	return view(arrived, "binary", restate.Key(ctx)), nil
}

type jsonMirror struct{}

func (jsonMirror) Reflect(_ restate.Context, values *valuesv1.Values) (*valuesv1.View, error) {
	return view(values, "json", ""), nil
}

type jsonLocker struct{}

func (jsonLocker) Keep(ctx restate.ObjectContext, values *valuesv1.Values) (*valuesv1.View, error) {
	golangv1.JsonLockerStateKeys.Kept.Set(ctx, values)
	return view(values, "json", restate.Key(ctx)), nil
}

func (jsonLocker) Look(ctx restate.ObjectSharedContext) (*valuesv1.View, error) {
	kept, err := golangv1.JsonLockerStateKeys.Kept.Get(ctx)
	if err != nil {
		return nil, err
	}
	return view(kept, "json", restate.Key(ctx)), nil
}

type jsonJourney struct{}

func (jsonJourney) Run(ctx restate.WorkflowContext, values *valuesv1.Values) (*valuesv1.View, error) {
	if err := golangv1.JsonJourneyPromiseKeys.Arrived.Of(ctx).Resolve(values); err != nil {
		return nil, err
	}
	return view(values, "json", restate.Key(ctx)), nil
}

func (jsonJourney) Arrived(ctx restate.WorkflowSharedContext) (*valuesv1.View, error) {
	arrived, err := golangv1.JsonJourneyPromiseKeys.Arrived.Of(ctx).Result()
	if err != nil {
		return nil, err
	}
	return view(arrived, "json", restate.Key(ctx)), nil
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
