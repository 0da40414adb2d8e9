import { registerHooks } from 'node:module'
import cookies from 'cookie-parser'
import express from 'express'

/** What Next.js does for pages/api/auth/[...nextauth].js: the default export of a module that was compiled to CommonJS, … */
const compiled = JSON.stringify(import.meta.resolve('next-auth'))
registerHooks({
  resolve: (name, context, next) =>
    name === 'next-auth' ? { url: 'bundled:next-auth', shortCircuit: true } : next(name, context),
  load: (url, context, next) =>
    url === 'bundled:next-auth'
      ? {
          format: 'module',
          source: `import all from ${compiled}\nexport default all.default`,
          shortCircuit: true,
        }
      : next(url, context),
})
const { default: handler, authOptions } = await import('./pages/api/auth/[...nextauth].js')

/** … cookies, body, and the names in the path. */
const app = express()
app.use('/api/auth', cookies(), express.urlencoded(), express.json(), (request, response) => {
  const query = { ...request.query, nextauth: request.path.slice(1).split('/') }
  Object.defineProperty(request, 'query', { value: query })
  return handler(request, response)
})

// Where pages/index.jsx signs out to.
const [{ clientId, wellKnown }] = authOptions.providers
const end = new URL('/logout', wellKnown)
end.searchParams.set('client_id', clientId)
end.searchParams.set('post_logout_redirect_uri', `${process.env.NEXTAUTH_URL}/`)

/** The page of somebody: the session by its own address; forms with the token that they need. */
app.get('/', (_request, response) => {
  response.send(`<!doctype html><p id="who"></p>
<form method="post"><input type="hidden" name="csrfToken"><input type="hidden" name="callbackUrl"><button></button></form>
<script type="module">
const get = async (path) => (await fetch('/api/auth/' + path)).json()
const { user } = await get('session')
const form = document.forms[0]
form.csrfToken.value = (await get('csrf')).csrfToken
form.callbackUrl.value = user ? ${JSON.stringify(end)} : location.origin
form.action = '/api/auth/' + (user ? 'signout' : 'signin/latchkey')
form.querySelector('button').textContent = user ? 'Sign out' : 'Sign in with Latchkey'
document.querySelector('#who').textContent = user ? user.name + ', ' + user.email : ''
</script>`)
})

app.listen(Number(process.argv[2]))
