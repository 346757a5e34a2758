"""Container engines behind the ContainerRuntime port."""
