/** What the API says to the person who is signed in. */
export default defineEventHandler(async (event) => {
  const token = await freshToken(event)
  if (!token) throw createError({ statusCode: 401 })
  const answer = await fetch('__RESOURCE__', { headers: { authorization: `Bearer ${token}` } })
  setResponseStatus(event, answer.status)
  return answer.text()
})
