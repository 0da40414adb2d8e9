/** Refreshes with each page; what a page asks for from /api sees to itself. */
export default defineEventHandler(async (event) => {
  if (!/^\/(api|auth|logout|_|.*\.\w+$)/.test(event.path)) await freshToken(event)
})
