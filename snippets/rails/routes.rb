Rails.application.routes.draw do
  root "sessions#home"
  get "/auth/latchkey/callback", to: "sessions#create"
  delete "/logout", to: "sessions#destroy"
end
