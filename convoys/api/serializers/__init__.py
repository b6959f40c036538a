"""What the API shows of each thing. The field lists here are the documentation in the OpenAPI file."""
