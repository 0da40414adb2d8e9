npx sv create app --template minimal --no-types --no-add-ons --install npm && cd app
npm install @sveltejs/kit@2 @auth/sveltekit
