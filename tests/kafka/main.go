// A Kafka in memory for tests: one topic, which lines of the standard input are produced to.
//
// The first line of the standard output is its address. Each line of the standard input is a record:
// the key and the value in hexadecimal, with a space between. It ends with the standard input.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(topic string) error {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		return err
	}
	defer cluster.Close()
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		return err
	}
	defer producer.Close()
	fmt.Println(cluster.ListenAddrs()[0])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), " ")
		record := &kgo.Record{Topic: topic}
		if record.Key, err = hex.DecodeString(key); err != nil {
			return err
		}
		if record.Value, err = hex.DecodeString(value); err != nil {
			return err
		}
		if err = producer.ProduceSync(context.Background(), record).FirstErr(); err != nil {
			return err
		}
	}
	return lines.Err()
}
