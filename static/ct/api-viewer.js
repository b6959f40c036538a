// Shows the OpenAPI file. Nothing is asked of any other server; what is tried runs as whoever is signed in.
const place = document.getElementById("api-viewer");
SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ["get", "head", "options"],
  validatorUrl: null,
});
