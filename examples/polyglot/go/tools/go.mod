module polyglot/tools

go 1.24.0

tool github.com/restatedev/sdk-go/protoc-gen-go-restate

require (
	github.com/restatedev/sdk-go v0.24.0 // indirect
	google.golang.org/protobuf v1.36.10 // indirect
)
