//! The benchmark services on the official Rust SDK: `endpoint PORT`.

use std::time::Duration;

use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct GreetRequest {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct GreetResponse {
    greeting: String,
}

#[derive(Serialize, Deserialize)]
struct Replay {
    steps: u32,
}

fn greeting(request: &GreetRequest) -> Json<GreetResponse> {
    Json(GreetResponse {
        greeting: format!("Hello {}", request.name),
    })
}

struct Greeter;

#[service(name = "Greeter")]
impl Greeter {
    #[handler(name = "greet")]
    async fn greet(
        &self,
        _ctx: Context<'_>,
        request: Json<GreetRequest>,
    ) -> HandlerResult<Json<GreetResponse>> {
        Ok(greeting(&request.into_inner()))
    }
}

struct Tally;

#[object(name = "Tally")]
impl Tally {
    #[handler(name = "add")]
    async fn add(&self, ctx: ObjectContext<'_>, amount: i64) -> HandlerResult<i64> {
        let count = ctx.get::<i64>("count").await?.unwrap_or(0) + amount;
        ctx.set("count", count);
        Ok(count)
    }
}

struct Steps;

#[service(name = "Steps")]
impl Steps {
    #[handler(name = "run")]
    async fn run(
        &self,
        ctx: Context<'_>,
        request: Json<GreetRequest>,
    ) -> HandlerResult<Json<GreetResponse>> {
        let request = request.into_inner();
        Ok(ctx
            .run(|| async move { Ok(greeting(&request)) })
            .name("step")
            .await?)
    }

    #[handler(name = "call")]
    async fn call(
        &self,
        ctx: Context<'_>,
        request: Json<GreetRequest>,
    ) -> HandlerResult<Json<GreetResponse>> {
        let target = RequestTarget::Service {
            name: "Greeter".to_owned(),
            handler: "greet".to_owned(),
        };
        Ok(ctx
            .request::<Json<GreetRequest>, Json<GreetResponse>>(target, request)
            .call()
            .await?)
    }

    #[handler(name = "replay")]
    async fn replay(&self, ctx: Context<'_>, request: Json<Replay>) -> HandlerResult<Json<Replay>> {
        let mut sum = 0;
        for _ in 0..request.into_inner().steps {
            sum += ctx.run(|| async { Ok(1u32) }).name("step").await?;
        }
        Ok(Json(Replay { steps: sum }))
    }

    #[handler(name = "echo")]
    async fn echo(&self, _ctx: Context<'_>, body: Vec<u8>) -> HandlerResult<Vec<u8>> {
        Ok(body)
    }

    #[handler(name = "park")]
    async fn park(
        &self,
        ctx: Context<'_>,
        request: Json<GreetRequest>,
    ) -> HandlerResult<Json<GreetResponse>> {
        ctx.sleep(Duration::from_secs(3600)).await?;
        Ok(greeting(&request.into_inner()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let endpoint = Endpoint::builder().bind(Greeter).bind(Tally).bind(Steps).build();
    HttpServer::new(endpoint)
        .listen_and_serve(format!("127.0.0.1:{port}").parse().expect("a port"))
        .await;
}
