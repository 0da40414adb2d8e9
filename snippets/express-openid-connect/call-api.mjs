/** Answers with what the API says to the person who is signed in. */
export async function callApi(request, response) {
  const { accessToken } = request.oidc
  const fresh = accessToken.expires_in > 60 ? accessToken : await accessToken.refresh()
  const headers = { authorization: `Bearer ${fresh.access_token}` }
  const answer = await fetch('__RESOURCE__', { headers })
  response.status(answer.status).send(await answer.text())
}
