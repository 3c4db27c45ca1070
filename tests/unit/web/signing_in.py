import re


async def sign_in(client, name):
    answer = await client.post("/login", data={"token": f"{name}-token", "next": "/"})
    assert answer.status_code == 303, answer.text
    return answer


async def form_key(client, path="/"):
    page = await client.get(path)
    return re.search(r'name="form_key" value="([^"]+)"', page.text)[1]
