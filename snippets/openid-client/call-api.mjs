import { fetchProtectedResource } from 'openid-client'

/** What the API says to the person of this session. */
export async function callApi(response, config, { accessToken }) {
  const answer = await fetchProtectedResource(config, accessToken, new URL('__RESOURCE__'), 'GET')
  response.end(await answer.text())
}
