/** Answers with what the API says to the person who is signed in. */
export const callApi = (refresh) => async (request, response) => {
  if (!request.user) return response.sendStatus(401)
  await refresh(request)
  const headers = { authorization: `Bearer ${request.user.accessToken}` }
  const answer = await fetch('__RESOURCE__', { headers })
  response.status(answer.status).send(await answer.text())
}
