class SessionsController < ApplicationController
  def home
    @person = session[:person]
  end

  def create
    auth = request.env["omniauth.auth"]
    reset_session
    session[:person] = { "sub" => auth.uid, "name" => auth.info.name, "email" => auth.info.email }
    session[:id_token] = auth.credentials.id_token
    redirect_to root_path
  end

  def destroy
    to = {
      id_token_hint: session[:id_token],
      client_id: "__CLIENT_ID__",
      post_logout_redirect_uri: "__POST_LOGOUT_URI__"
    }
    reset_session
    redirect_to "__ISSUER__/logout?#{to.compact.to_query}", allow_other_host: true, status: :see_other
  end
end
