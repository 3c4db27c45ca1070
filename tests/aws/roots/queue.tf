# SQS alone: its provider waits 25 seconds for each queue.
module "queue" {
  source      = "./parts/queue"
  product     = var.product
  environment = var.environment
  stack       = "orders"
  tries       = var.later ? 3 : 5
}
