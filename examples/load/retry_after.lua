-- For wrk: charges, a few a second, whose refusals must say when to retry.
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(_)
    served, refused, silent, other = 0, 0, 0, 0
end

-- Milliseconds between two requests of a connection.
function delay()
    return 20
end

function request()
    local headers = { ["content-type"] = "application/json" }
    return wrk.format("POST", "/charge", headers, '{"card": 4242, "cents": 990}')
end

function response(status, headers)
    if status == 201 then
        served = served + 1
    elseif status == 429 or status == 503 then
        refused = refused + 1
        local retry = headers["retry-after"] or headers["Retry-After"]
        if not retry then silent = silent + 1 end
    else
        other = other + 1
    end
end

function done(summary)
    local total = { served = 0, refused = 0, silent = 0, other = 0 }
    for _, thread in ipairs(threads) do
        for name in pairs(total) do total[name] = total[name] + thread:get(name) end
    end
    io.write(string.format("wrk: %d charges served, %d refused, %d others, %d socket errors and time-outs\n",
        total.served, total.refused, total.other,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
    io.write(string.format("%d refusals without Retry-After\n", total.silent))
end
